package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version and commit are set by the build: -ldflags "-X main.version=...".
var (
	version = "0.1.0-dev"
	commit  = ""
)

// versionText is how the program names itself. A build date would spoil
// reproducible builds.
func versionText() string {
	return fmt.Sprintf("leakwatch %s (commit %s, %s %s/%s)", version, commitID(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

func commitID() string {
	if commit != "" {
		return commit
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				return s.Value[:12]
			}
		}
	}
	return "unknown"
}

func (c *cli) versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version", Args: none(), RunE: func(*cobra.Command, []string) error {
		if c.json {
			return c.jsonLine(map[string]string{"version": version, "commit": commitID(), "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH})
		}
		_, err := fmt.Fprintln(c.stdout, versionText())
		return err
	}}
}
