// SPDX-License-Identifier: Apache-2.0

// Command triovit gives a shell the calls of the notebooks, for scripts and clusters:
//
//	triovit doctor                                  the machine, model and data
//	triovit profile -out p.profile                  every tensor's ranges
//	triovit quantize -profile p.profile -recipe TrioViT -out grids.json
//	triovit diagnose -recipe TrioViT -out folder    which tensor, block or operation loses accuracy
//	triovit freeze -profile p.profile -out m.triovit  integers, one file that runs alone
//	triovit export -model m.triovit -onnx m.onnx    the same for ONNX Runtime
//	triovit run -model m.triovit picture.jpg        its answer for a picture
//	triovit evaluate -model m.triovit               its score
//	triovit evaluate -profile p.profile -quantized grids.json -shard 2/4 -out 2.json
//	triovit merge -out whole.json 1.json 2.json 3.json 4.json
//	triovit report float.json whole.json            scores, and a paired test
//	triovit ladder -out folder                      every recipe, with its figure
//	triovit simulate -model b1-r224 -trace t.json   the accelerator's cycles
//	triovit explore -axis copies=8,12,16            other accelerators
//
// "triovit help" lists the commands, and "triovit help evaluate" describes one. Without a
// checkpoint a command takes the model in TRIOVIT_MODEL and the pictures in TRIOVIT_DATA.
// Without these it takes the built-in model and scenes that it draws. A training file
// holds several sets of weights, of which TRIOVIT_WEIGHTS chooses one.
//
// Results go to standard output, as text or, with -json, as one line of JSON. Scores and
// shares are percent in text and fractions in JSON. Progress and errors go to standard
// error. TRIOVIT_PROGRESS=0 switches progress off. Profiles are cached, and evaluations
// are cached while they grow: after an interruption the next run continues there. A stage
// whose result cannot be cached prints a warning. The exit status is 0 for success, 1 for
// failure, 2 for wrong usage, and 3 if a signal ended the command.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	_ "github.com/gotriovit/gotriovit/charts/renderer" // figures are drawn in this process
)

func main() {
	os.Exit(run(untilSignal(), os.Args[1:], os.Stdout, os.Stderr))
}

// untilSignal returns a context that the first signal cancels. A second signal ends the
// program at once.
func untilSignal() context.Context {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx
}
