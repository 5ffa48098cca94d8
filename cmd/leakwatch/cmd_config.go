package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (c *cli) configCommand() *cobra.Command {
	return group("config", "Check and show the config",
		&cobra.Command{Use: "check", Short: "Report every mistake at once, with line and column", Args: none(),
			RunE: func(*cobra.Command, []string) error { return c.configCheck() }},
		&cobra.Command{Use: "show", Short: "Print the config in force, with the origin of each key", Args: none(),
			RunE: func(*cobra.Command, []string) error { return c.configShow() }},
		&cobra.Command{Use: "example", Short: "Print an example with every key, its meaning, unit and default", Args: none(),
			RunE: func(*cobra.Command, []string) error {
				return writeExample(c.stdout)
			}},
	)
}

// configCheck prints the mistakes on stdout, for they are what was asked for.
func (c *cli) configCheck() error {
	_, problems := loadConfig(c.configPath, seedAllowed)
	for _, p := range problems {
		if c.json {
			if err := c.jsonLine(p); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintln(c.stdout, printable(p.String()))
	}
	if len(problems) > 0 {
		return fail(exitConfig, "", fmt.Errorf("%s has %s", c.configPath, number(len(problems), "mistake")))
	}
	if !c.json {
		fmt.Fprintf(c.stdout, "%s is good\n", c.configPath)
	}
	return nil
}

// configShow prints a config with mistakes too: seeing it helps to mend it.
func (c *cli) configShow() error {
	cfg, problems := loadConfig(c.configPath, seedAllowed)
	show := showConfig
	if c.json {
		show = showConfigJSON
	}
	if err := show(c.stdout, cfg); err != nil {
		return err
	}
	if len(problems) > 0 {
		return fail(exitConfig, "`leakwatch config check` names them", fmt.Errorf("%s has %s", c.configPath, number(len(problems), "mistake")))
	}
	return nil
}
