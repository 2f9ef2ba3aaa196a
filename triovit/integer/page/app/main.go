// SPDX-License-Identifier: Apache-2.0

//go:build js && wasm

// App is the program in the page of package page: an artefact on the fast executor, for
// the worker in worker.js. It gives JavaScript one object, triovit, with two functions.
//
//	triovit.load(artefact)              reads and plans the artefact: {kernels}
//	triovit.run(pixels, width, height)  runs a picture of RGBA pixels
//	triovit.run(file)                   runs the picture in a PNG or JPEG file
//
// Artefacts, files and pixels are of type Uint8Array. A run returns the picture's width and
// height in pixels, and its times in milliseconds: decode (of a file), resize (to the codes
// of the network's input) and run (the integers). A segmentation adds the map, the class of
// each pixel as a Uint8Array, and its time. A classifier adds the logits, an array of
// numbers. A function that fails returns {error}, a sentence.
package main

import (
	"bytes"
	"fmt"
	"math"
	"syscall/js"
	"time"

	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/fast"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"github.com/gotriovit/gotriovit/triovit/segment"
)

func main() {
	var p program
	js.Global().Set("triovit", map[string]any{"load": function(p.load), "run": function(p.run)})
	select {} // the functions are called from now on
}

// function returns f as a function of JavaScript, which returns an error as {error}.
func function(f func(args []js.Value) (map[string]any, error)) js.Func {
	return js.FuncOf(func(_ js.Value, args []js.Value) any {
		result, err := f(args)
		if err != nil {
			return map[string]any{"error": err.Error()}
		}
		return result
	})
}

// A program is the artefact that is loaded.
type program struct {
	model    *integer.Model
	executor *fast.Executor
}

func (p *program) load(args []js.Value) (map[string]any, error) {
	artefact := bytesOf(args[0])
	m, err := integer.Read(bytes.NewReader(artefact), int64(len(artefact)))
	if err != nil {
		return nil, err
	}
	e, err := fast.New(m)
	if err != nil {
		return nil, err
	}
	p.model, p.executor = m, e
	return map[string]any{"kernels": e.Kernels()}, nil
}

func (p *program) run(args []js.Value) (map[string]any, error) {
	at := time.Now()
	times := map[string]any{}
	lap := func(phase string) {
		now := time.Now()
		times[phase], at = now.Sub(at).Seconds()*1000, now
	}
	picture, err := decoded(args)
	if err != nil {
		return nil, err
	}
	lap("decode")
	codes, err := p.model.Codes(picture)
	if err != nil {
		return nil, err
	}
	lap("resize")
	y, err := p.executor.Run(codes)
	if err != nil {
		return nil, err
	}
	lap("run")
	result := map[string]any{"width": picture.W, "height": picture.H, "times": times}
	logits := p.model.Logits(y.Data)
	if y.Shape[0]*y.Shape[1] == 1 {
		numbers := make([]any, len(logits))
		for i, x := range logits {
			numbers[i] = x
		}
		result["logits"] = numbers
		return result, nil
	}
	classes := segment.Bilinear(logits, y.Shape[:], picture.W, picture.H)
	result["map"] = js.Global().Get("Uint8Array").New(len(classes))
	js.CopyBytesToJS(result["map"].(js.Value), classes)
	lap("map")
	return result, nil
}

// decoded returns the picture in a file, or the one of RGBA pixels with a width and a
// height. Their transparency is dropped.
func decoded(args []js.Value) (*preprocess.RGB, error) {
	data := bytesOf(args[0])
	if len(args) == 1 {
		return preprocess.Decode(data)
	}
	w, h := args[1].Int(), args[2].Int()
	if w < 1 || h < 1 || w > math.MaxInt32/4/h || len(data) != 4*w*h {
		return nil, fmt.Errorf("%d bytes of a picture of %d×%d pixels", len(data), w, h)
	}
	picture := preprocess.NewRGB(w, h)
	for i := range w * h {
		copy(picture.Pix[3*i:3*i+3], data[4*i:])
	}
	return picture, nil
}

// bytesOf returns a copy of a Uint8Array.
func bytesOf(array js.Value) []byte {
	data := make([]byte, array.Length())
	js.CopyBytesToGo(data, array)
	return data
}
