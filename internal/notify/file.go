package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// File appends each message as one line to a file. It is opened for each of
// them: who rotates it away needs to tell nobody.
type File struct {
	path string
	mu   sync.Mutex // one line at a time
}

// NewFile appends to the file at path, which need not exist yet.
func NewFile(path string) (*File, error) {
	if path == "" {
		return nil, errors.New("file: path is empty")
	}
	return &File{path: path}, nil
}

// Send returns when the line is on the disk. A line that a crash or a full disk
// cut off stays alone on its line: the message is written again whole.
func (f *File) Send(ctx context.Context, m Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	_, err := os.Lstat(f.path)
	fresh := errors.Is(err, os.ErrNotExist)
	file, err := os.OpenFile(f.path, os.O_RDWR|os.O_APPEND|os.O_CREATE|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return fmt.Errorf("file: %w", err)
	}
	err = errors.Join(appendLine(file, m.Body), file.Close())
	if err == nil && fresh {
		err = syncDir(filepath.Dir(f.path))
	}
	if err != nil {
		return fmt.Errorf("file: %w", err)
	}
	return nil
}

func appendLine(file *os.File, line []byte) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", file.Name())
	}
	var out []byte
	if size := info.Size(); size > 0 {
		last := make([]byte, 1)
		if _, err := file.ReadAt(last, size-1); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if last[0] != '\n' {
			out = append(out, '\n')
		}
	}
	if _, err := file.Write(append(append(out, line...), '\n')); err != nil {
		return err
	}
	return file.Sync()
}

// syncDir makes a new name durable.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
