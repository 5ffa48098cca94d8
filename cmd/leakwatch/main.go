// Command leakwatch watches onion and paste sites through Tor for the pictures
// of an exposed data set. This package is the wiring: it knows every room and
// is known by none. run.go is the daemon, house.go puts the rooms together, and
// each subcommand has a file of its own.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

func main() { os.Exit(mainCode()) }

func mainCode() int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go obey(signals, cancel)
	return execute(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}

// obey ends the work at the first signal and the process at the second. What
// was acknowledged is on the disk by then: the stores need no farewell.
func obey(signals <-chan os.Signal, cancel context.CancelFunc) {
	<-signals
	cancel()
	<-signals
	fmt.Fprintln(os.Stderr, "leakwatch: told to stop again: quitting at once")
	os.Exit(exitFailure)
}

// cli is one call of the program.
type cli struct {
	configPath string
	json       bool
	stdin      io.Reader
	stdout     io.Writer
	stderr     io.Writer
}

// execute runs one command line and returns the exit code.
func execute(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	c := &cli{stdin: stdin, stdout: stdout, stderr: stderr}
	root := c.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	return c.report(err)
}

func (c *cli) root() *cobra.Command {
	root := group("leakwatch", "Watch onion and paste sites through Tor for the pictures of an exposed data set")
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetOut(c.stdout)
	root.SetErr(c.stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fail(exitUsage, "usage: "+cmd.UseLine(), err)
	})
	root.PersistentFlags().StringVar(&c.configPath, "config", defaultConfigPath, "the config file")
	root.PersistentFlags().BoolVar(&c.json, "json", false, "print JSON: lines for lists, one object otherwise")
	root.AddCommand(c.runCommand(), c.demoCommand(), c.hashCommand(), c.matchCommand(), c.hashsetCommand(),
		c.alertCommand(), c.siteCommand(), c.coverageCommand(), c.seenCommand(), c.configCommand(), c.dbCommand(), c.versionCommand())
	strict(root)
	return root
}

// strict makes the commands that the library brings as strict as ours: a word
// that names no command is a mistake, not a page of help and exit code 0.
func strict(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "completion":
			onlyHolds(cmd)
		case "help":
			cmd.Args = func(_ *cobra.Command, a []string) error {
				if found, rest, err := root.Find(a); err == nil && len(rest) > 0 {
					return unknown(found, rest[0])
				}
				return nil
			}
		}
	}
}

// Exit codes, as DESIGN.md lists them.
const (
	exitFailure  = 1
	exitUsage    = 2
	exitFound    = 10
	exitDamaged  = 74
	exitTryAgain = 75
	exitConfig   = 78
)

// exitError is an error with an exit code and a hint: what to do next.
type exitError struct {
	code int
	err  error
	hint string
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func fail(code int, hint string, err error) error { return &exitError{code, err, hint} }

// usage is an error of the caller's; cmd's help says how it is done.
func usage(cmd *cobra.Command, err error) error {
	return fail(exitUsage, fmt.Sprintf("see `%s --help`", cmd.CommandPath()), fmt.Errorf("%s: %w", nameOf(cmd), err))
}

// errSilent ends with a code and no message: all was said already.
var errSilent = errors.New("")

// report prints err with its hint and returns the exit code.
func (c *cli) report(err error) int {
	if err == nil {
		return 0
	}
	code, hint := exitFailure, ""
	var e *exitError
	if errors.As(err, &e) {
		code, hint = e.code, e.hint
	} else if errors.Is(err, context.Canceled) {
		err = errors.New("interrupted")
	}
	if !errors.Is(err, errSilent) {
		for i, line := range strings.Split(err.Error(), "\n") {
			if i == 0 {
				line = "leakwatch: " + line
			}
			fmt.Fprintln(c.stderr, printable(line))
		}
	}
	if hint != "" {
		fmt.Fprintln(c.stderr, "hint:", printable(hint))
	}
	return code
}

// args wraps a check of arguments so that its error is one of usage. No
// command knows what to do with an empty one.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, a []string) error {
		err := check(cmd, a)
		if err == nil && slices.Contains(a, "") {
			err = errors.New("an argument is empty")
		}
		if err != nil {
			return fail(exitUsage, "usage: "+cmd.UseLine(), fmt.Errorf("%s: %w", nameOf(cmd), err))
		}
		return nil
	}
}

// none is args for a command that takes no arguments.
func none() cobra.PositionalArgs {
	return args(func(_ *cobra.Command, a []string) error {
		if len(a) > 0 {
			return fmt.Errorf("takes no argument, as %q is", a[0])
		}
		return nil
	})
}

// nameOf is how a command is called, without the program's name.
func nameOf(cmd *cobra.Command) string {
	return strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
}

// number is a count with its noun: 1 mistake, 2 mistakes.
func number(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// meant is the hint for a mistyped subcommand.
func meant(cmd *cobra.Command, word string) string {
	hint := fmt.Sprintf("see `%s --help`", cmd.CommandPath())
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	if near := nearest(word, names); near != "" {
		hint = fmt.Sprintf("did you mean `%s %s`? Else ", cmd.CommandPath(), near) + hint
	}
	return hint
}

// unknown says that cmd has no subcommand word.
func unknown(cmd *cobra.Command, word string) error {
	return fail(exitUsage, meant(cmd, word), fmt.Errorf("there is no command `%s %s`", cmd.CommandPath(), word))
}

// group is a command that only holds others.
func group(use, short string, sub ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short}
	onlyHolds(cmd)
	cmd.AddCommand(sub...)
	return cmd
}

// onlyHolds makes cmd one that does nothing without a subcommand.
func onlyHolds(cmd *cobra.Command) {
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cmd.SetOut(cmd.ErrOrStderr())
		_ = cmd.Help()
		return fail(exitUsage, "", errSilent)
	}
	cmd.Args = func(cmd *cobra.Command, a []string) error {
		if len(a) == 0 {
			return nil
		}
		return unknown(cmd, a[0])
	}
}
