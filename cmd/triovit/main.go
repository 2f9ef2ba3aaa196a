// SPDX-License-Identifier: Apache-2.0

// Triovit makes the calls of the notebooks from a shell.
//
//	triovit ladder [-model checkpoint -data folder] [-out folder] [-recipes names] [-costs]
//
// ladder profiles a model on calibration pictures, scores it in floating point
// and quantized by each recipe, prints the table, and writes it with its figure
// to the folder: ladder.txt, ladder.json, ladder.svg. Without a checkpoint it
// takes TRIOVIT_MODEL and TRIOVIT_DATA, and without those the built-in model
// with drawn scenes. With -costs the recipes are TrioViTPlus and, one at a time,
// each further kind of tensor in integers.
//
// Results are cached: an interrupted run goes on where it stopped. The exit
// status is 0, 1 after an error, 2 for wrong usage.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/gotriovit/gotriovit/calib"
)

func main() {
	if len(os.Args) < 2 || os.Args[1] != "ladder" {
		fmt.Fprintln(os.Stderr, "usage: triovit ladder [flags]; triovit ladder -h lists them")
		os.Exit(2)
	}
	flags := flag.NewFlagSet("triovit ladder", flag.ExitOnError)
	var l ladder
	flags.StringVar(&l.model, "model", os.Getenv("TRIOVIT_MODEL"), "checkpoint (.pt or .safetensors), by default $TRIOVIT_MODEL; empty for the built-in model")
	flags.StringVar(&l.data, "data", os.Getenv("TRIOVIT_DATA"), "folder of pictures that goes with the checkpoint, by default $TRIOVIT_DATA")
	flags.StringVar(&l.out, "out", "", "folder for ladder.txt, ladder.json and ladder.svg; empty for none")
	flags.StringVar(&l.recipes, "recipes", "", "comma-separated names of recipes, empty for all: "+strings.Join(calib.RecipeNames(), ", "))
	flags.BoolVar(&l.costs, "costs", false, "score what each further kind of integer costs")
	if err := flags.Parse(os.Args[2:]); err != nil || flags.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "triovit ladder: takes flags only")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := l.run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "triovit:", err)
		os.Exit(1)
	}
}
