// SPDX-License-Identifier: Apache-2.0

package triovit_test

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"

	"github.com/gotriovit/gotriovit/internal/atomicfile"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/must"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// Where neither TRIOVIT_MODEL nor TRIOVIT_DATA is set, nothing is needed but the
// program.
func ExampleFromEnvironment() {
	setup, err := triovit.FromEnvironment(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(setup.Model.Net.Name, "of", setup.Model.Source)
	fmt.Println(setup.Calibration.Len(), "pictures to calibrate on,", setup.Evaluation.Len(), "to score on")
	// Output:
	// efficientvit-seg-b0-scenes of built-in: seg-b0-scenes
	// 48 pictures to calibrate on, 100 to score on
}

// A checkpoint of one's own, and pictures in a folder for each class. The weights
// tell the variant, the pictures the preprocessing: those of at most 64 pixels a
// side, as these, are brought to 128 × 128.
func ExamplePrepare() {
	folder := must.M1(os.MkdirTemp("", "birds"))
	defer os.RemoveAll(folder)
	for _, picture := range []string{"train/robin/a", "train/robin/b", "train/wren/c", "val/robin/d", "val/wren/e"} {
		path := filepath.Join(folder, picture+".png")
		must.M(os.MkdirAll(filepath.Dir(path), 0o777))
		must.M(atomicfile.Write(path, func(w io.Writer) error { return png.Encode(w, image.NewGray(image.Rect(0, 0, 64, 64))) }))
	}
	checkpoint := filepath.Join(folder, "b0.safetensors")
	set := weights.Synthetic(must.M1(efficientvit.Describe("b0-r224", efficientvit.Classes(2))).Params())
	must.M(atomicfile.Write(checkpoint, func(w io.Writer) error { return weights.WriteSafetensors(w, set, weights.F32, nil) }))

	setup, err := triovit.Prepare(context.Background(), checkpoint, folder)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(setup.Model.Net.Name, setup.Model.Net.Input().Shape, setup.Evaluation.Classes())
	fmt.Println(setup.Calibration.Len(), "pictures to calibrate on,", setup.Evaluation.Len(), "to score on")
	// Output:
	// efficientvit-b0-r128 [128 128 3] [robin wren]
	// 3 pictures to calibrate on, 2 to score on
}

// What FromEnvironment would take on this machine, and what to do where it is not
// right.
func ExampleDoctor() {
	for _, check := range triovit.Doctor().Checks {
		if check.Name == "model" || check.Name == "data" { // the other checks differ by machine
			fmt.Println(check.OK, check.Found, "-", check.Remedy)
		}
	}
	// Output:
	// true built-in: seg-b0-scenes - TRIOVIT_MODEL=checkpoint takes another
	// true 48 drawn scenes to calibrate on, 100 others to score on - TRIOVIT_DATA=folder takes others
}
