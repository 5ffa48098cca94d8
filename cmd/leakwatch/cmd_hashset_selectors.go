package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"leakwatch/internal/web"
)

// selectorsLoad sends a list of selectors.
func (c *cli) selectorsLoad(ctx context.Context, client *web.Client, name string, how loading) error {
	list, size := c.stdin, int64(0)
	if how.selectors != "-" {
		file, err := os.Open(how.selectors)
		if err != nil {
			return fail(exitFailure, "", err)
		}
		defer file.Close()
		info, err := file.Stat()
		if err == nil && info.IsDir() {
			err = fmt.Errorf("%s is a folder: selectors are a file of one a line", how.selectors)
		}
		if err != nil {
			return fail(exitFailure, "", err)
		}
		list, size = io.Reader(file), info.Size()
	}
	body, done, err := c.counted(list, size)
	if err != nil {
		return err
	}
	defer done()
	query := url.Values{"path": {how.selectors}, "selectors": {web.PlainSelectors}}
	if how.keyed {
		query.Set("selectors", web.KeyedSelectors)
	}
	var set web.Loaded
	if err := client.Object(ctx, http.MethodPut, "/v1/hashsets/"+url.PathEscape(name), query, body, &set); err != nil {
		return c.refusedRows(err)
	}
	if c.json {
		return c.jsonLine(set)
	}
	fmt.Fprintf(c.stdout, "%s: version %d, %s\n", set.Name, set.Version, number(set.Selectors, "selector"))
	c.notes(set.Notes)
	return nil
}
