// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"
)

// Exit statuses.
const (
	succeeded = iota
	failed
	misused
	interrupted
)

// A command is one verb of the program.
type command struct {
	name string
	// arguments are the arguments behind the flags, in the usage line.
	arguments string
	// about is the command's line in the list of commands. help is the text about the
	// command.
	about, help string
	// declare declares the flags. It returns the action that runs after they are parsed.
	declare func(f *flag.FlagSet) action
}

// An action does the work of a command. Its output is printed even if it also returns an
// error.
type action func(ctx context.Context, arguments []string) (output, error)

// An output is the text that a command prints, and the data that it prints with -json.
type output struct {
	text string
	data any
}

// commands are all commands, in the order in which they are used.
var commands = []command{
	doctorCommand, profileCommand, quantizeCommand, diagnoseCommand, mixedCommand, reconstructCommand, freezeCommand, exportCommand, runCommand, evaluateCommand,
	mergeCommand, reportCommand,
	ladderCommand, tableCommand, sweepCommand, simulateCommand, exploreCommand,
}

// A usageError reports a mistake in the command line.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// run runs the command line and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(stderr, overview())
		return misused
	}
	name, args := args[0], args[1:]
	if asksHelp(name) {
		if len(args) == 0 {
			fmt.Fprint(stdout, overview())
			return succeeded
		}
		name, args = args[0], []string{"-h"}
	}
	for _, c := range commands {
		if c.name == name {
			return c.run(ctx, args, stdout, stderr)
		}
	}
	fmt.Fprintf(stderr, "triovit: no command %q: \"triovit help\" lists them\n", name)
	return misused
}

func asksHelp(name string) bool {
	return name == "help" || name == "-h" || name == "-help" || name == "--help"
}

func (c command) run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f := flag.NewFlagSet(c.name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	act := c.declare(f)
	asJSON := f.Bool("json", false, "print one line of JSON instead of text")
	err := f.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		c.describe(f, stdout)
		return succeeded
	}
	if err != nil {
		err = usageError{err}
	}
	for _, a := range f.Args() {
		if err == nil && strings.HasPrefix(a, "-") && len(a) > 1 {
			err = usagef("%s stands behind %s: flags come before arguments", a, f.Arg(0))
		}
	}
	if err == nil && f.NArg() > 0 && c.arguments == "" {
		err = usagef("%q is given: the command takes flags only", f.Arg(0))
	}
	var out output
	if err == nil {
		out, err = act.run(ctx, f.Args())
	}
	if printErr := out.print(stdout, *asJSON); err == nil {
		err = printErr
	}
	var usage usageError
	switch {
	case err == nil:
		return succeeded
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "triovit %s: %v (\"triovit help %s\" tells more)\n", c.name, err, c.name)
		return misused
	case ctx.Err() != nil:
		fmt.Fprintf(stderr, "triovit %s: interrupted; stages that ended are kept\n", c.name)
		return interrupted
	}
	fmt.Fprintf(stderr, "triovit %s: %v\n", c.name, err)
	return failed
}

// patience is the time that an action has after a signal to clean up.
const patience = 2 * time.Second

// run runs an action until it ends or a signal ends ctx. An action that waits, or that
// works for long, watches ctx and cleans up. A pure computation does not watch ctx, and
// ends with the program. In both cases no file is half written: package atomicfile writes
// them.
func (act action) run(ctx context.Context, arguments []string) (output, error) {
	type result struct {
		output
		err error
	}
	ended := make(chan result, 1)
	go func() {
		out, err := act(ctx, arguments)
		ended <- result{out, err}
	}()
	var r result
	select {
	case r = <-ended:
	case <-ctx.Done():
		select {
		case <-ended:
		case <-time.After(patience):
		}
	}
	if ctx.Err() != nil {
		return output{}, context.Cause(ctx)
	}
	return r.output, r.err
}

func (o output) print(w io.Writer, asJSON bool) error {
	if o.data == nil {
		return nil
	}
	if asJSON {
		return json.NewEncoder(w).Encode(o.data)
	}
	_, err := fmt.Fprintln(w, strings.TrimSuffix(o.text, "\n"))
	return err
}

func (c command) describe(f *flag.FlagSet, w io.Writer) {
	fmt.Fprintf(w, "triovit %s: %s\n\nusage: triovit %s\n\n%s\n\nflags:\n", c.name, c.about,
		strings.TrimSpace(c.name+" [flags] "+c.arguments), strings.TrimSpace(c.help))
	f.SetOutput(w)
	f.PrintDefaults()
}

func overview() string {
	var s strings.Builder
	s.WriteString("triovit makes the calls of the notebooks from a shell.\n\nusage: triovit command [flags] [arguments]\n\n")
	for _, c := range commands {
		fmt.Fprintf(&s, "  %-9s %s\n", c.name, c.about)
	}
	s.WriteString(`
"triovit help command" tells about one and lists its flags.
Exit status: 0 success, 1 failure, 2 wrong usage, 3 ended by a signal.
`)
	return s.String()
}
