// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/onnx"
	"github.com/gotriovit/gotriovit/triovit/integer/page"
	"github.com/gotriovit/gotriovit/triovit/integer/readmem"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

var exportCommand = command{
	name: "export", about: "write an artefact as ONNX, as hex files with a manifest, or as a page that runs it",
	help: `-onnx writes an ONNX model with QuantizeLinear and DequantizeLinear (operator set 21),
whose input is a float32 picture [N, 3, H, W] and whose output are float32 logits. Its
metadata names the classes, the preprocessing and the artefact.

-hex writes a folder of hex files for $readmemh: weights, biases, factors and
thresholds, with -picture also the integers of every tensor for that picture as test
vectors. manifest.json names each file's operation, role, shape, layout and width.

-html writes one HTML file that runs the artefact in a browser, without a server, on the
picture that its reader drops on it. The go command compiles the executor to WebAssembly
for it, from the sources of this program, or from those that the module of the present
folder requires.`,
	declare: func(f *flag.FlagSet) action {
		var e exporting
		f.StringVar(&e.model, "model", os.Getenv("TRIOVIT_MODEL"), "`artefact` of \"triovit freeze\"; $TRIOVIT_MODEL")
		onnxFile := outFile(f, "onnx", "`file` for the ONNX model; empty for none")
		f.StringVar(&e.Hex, "hex", "", "`folder` for the hex files; empty for none")
		htmlFile := outFile(f, "html", "`file` for the page that runs the artefact; empty for none")
		f.StringVar(&e.picture, "picture", "", "`file` of a picture for the test vectors of -hex; empty for none")
		return func(ctx context.Context, _ []string) (output, error) {
			e.ONNX, e.HTML = *onnxFile, *htmlFile
			switch {
			case e.model == "":
				return output{}, usagef("no artefact is named: -model or TRIOVIT_MODEL do")
			case e.ONNX == "" && e.Hex == "" && e.HTML == "":
				return output{}, usagef("nothing is to be written: -onnx, -hex or -html do")
			case e.picture != "" && e.Hex == "":
				return output{}, usagef("-picture is for the test vectors of -hex, which is not given")
			}
			if err := e.run(ctx); err != nil {
				return output{}, err
			}
			return output{e.exported.String(), e.exported}, nil
		}
	},
}

// exporting holds the flags of the command.
type exporting struct {
	model, picture string
	exported
}

// exported describes the files that were written.
type exported struct {
	Network string `json:"network"`
	// Hash is the hash of the artefact.
	Hash string `json:"hash"`
	ONNX string `json:"onnx,omitempty"`
	Hex  string `json:"hex,omitempty"`
	HTML string `json:"html,omitempty"`
}

func (e exported) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s, hash %.12s\n", e.Network, e.Hash)
	if e.ONNX != "" {
		fmt.Fprintf(&s, "ONNX: %s\n", e.ONNX)
	}
	if e.Hex != "" {
		fmt.Fprintf(&s, "hex files: %s\n", e.Hex)
	}
	if e.HTML != "" {
		fmt.Fprintf(&s, "page: %s\n", e.HTML)
	}
	return s.String()
}

func (e *exporting) run(ctx context.Context) error {
	m, err := integer.ReadFile(e.model)
	if err != nil {
		return err
	}
	e.Network = m.Name
	if e.Hash, err = m.Hash(); err != nil {
		return err
	}
	var codes []int32
	if e.picture != "" {
		picture, err := preprocess.DecodeFile(e.picture)
		if err != nil {
			return err
		}
		if codes, err = m.Codes(picture); err != nil {
			return fmt.Errorf("%s: %w", e.picture, err)
		}
	}
	var program *page.Program
	if e.HTML != "" {
		if program, err = page.Build(ctx); err != nil {
			return err
		}
	}
	if e.ONNX != "" {
		if err := onnx.WriteFile(e.ONNX, m); err != nil {
			return err
		}
	}
	if e.Hex != "" {
		if err := readmem.Write(e.Hex, m, codes); err != nil {
			return err
		}
	}
	if e.HTML != "" {
		return page.WriteFile(e.HTML, m, program)
	}
	return nil
}
