// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/gotriovit/gotriovit/internal/atomicfile"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset/scenes"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// heldOut is the number of scenes that the published accuracy is measured on.
const heldOut = 200

//go:embed TRAINING.md.tmpl
var accountText string

// account is the data of TRAINING.md.
type account struct {
	Recipe     recipe
	Step       int
	Steps      int // number of steps of all phases
	Minutes    float64
	Bytes      int64
	Parameters int
	FirstSeed  uint64
	MaxNorm    float64
	Decayed    []float64 // sum of rate times decay over the steps of each phase
	Platform   string
	// CalibrationSeed and CurveSeed are the seeds of the first scenes of the curve.
	CalibrationSeed, CurveSeed uint64
	Report                     *triovit.Report
}

// score evaluates a model on n held-out scenes.
func score(ctx context.Context, model *triovit.Model, n int) (*triovit.Report, error) {
	in := model.Net.Input().Shape
	data, err := scenes.Dataset(ctx, "held-out scenes", scenes.HeldOutSeed, n, in[1], in[0])
	if err != nil {
		return nil, err
	}
	folded, err := model.Fold()
	if err != nil {
		return nil, err
	}
	float, err := forward.New(folded)
	if err != nil {
		return nil, err
	}
	return triovit.Evaluate(ctx, float, data, triovit.NoCache())
}

// publish writes the network of a state as float16 weights. It evaluates the written
// weights on held-out scenes, and writes the account beside them.
func publish(ctx context.Context, net *efficientvit.Network, r recipe, state weights.Set, folder string) error {
	path := filepath.Join(folder, "seg-b0-scenes.safetensors")
	step := int(state[stepName].Data[0])
	err := save(path, averaged(net, state), weights.F16, map[string]string{
		"model": net.Name,
		"step":  fmt.Sprintf("%d of %d", step, r.steps()),
	})
	if err != nil {
		return err
	}
	rounded, err := weights.Read(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	report, err := score(ctx, &triovit.Model{Net: net, Weights: rounded, Source: path}, heldOut)
	if err != nil {
		return err
	}
	a := account{
		Recipe: r, Step: step, Steps: r.steps(), Minutes: float64(state[secondsName].Data[0]) / 60, Bytes: info.Size(),
		FirstSeed: scenes.HeldOutSeed, MaxNorm: maxNorm, Platform: forward.Platform(),
		CalibrationSeed: scenes.CalibrationSeed, CurveSeed: curveSeed, Report: report,
	}
	end := 0
	for _, p := range r.Phases {
		begin := r.decayed(end)
		end += p.Steps
		a.Decayed = append(a.Decayed, r.decayed(end)-begin)
	}
	trained, _ := parameters(net)
	for _, p := range trained {
		a.Parameters += efficientvit.Size(p.Shape)
	}
	var text strings.Builder
	functions := template.FuncMap{
		"percent": func(x float64) float64 { return 100 * x },
		"inc":     func(i int) int { return i + 1 },
	}
	if err := template.Must(template.New("").Funcs(functions).Parse(accountText)).Execute(&text, a); err != nil {
		return err
	}
	fmt.Printf("step %d of %d: %s", step, r.steps(), report)
	return atomicfile.WriteData(filepath.Join(folder, "TRAINING.md"), []byte(text.String()))
}
