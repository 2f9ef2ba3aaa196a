// SPDX-License-Identifier: Apache-2.0

package main

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/gotriovit/gotriovit/internal/scenes"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// heldOut is the number of scenes that the published accuracy is measured on.
const heldOut = 200

//go:embed TRAINING.md.tmpl
var accountText string

// account is what TRAINING.md tells.
type account struct {
	Recipe     recipe
	Step       int
	Minutes    float64
	Bytes      int64
	Parameters int
	HeldOut    int
	FirstSeed  uint64
	MIoU       float64
	Classes    []classScore
}

type classScore struct {
	Name string
	IoU  float64
}

// publish writes the network of a state as float16 weights, measures what was
// written on held-out scenes, and writes the account beside it.
func publish(net *triovit.Network, r recipe, state weights.Set, folder string) error {
	path := filepath.Join(folder, "seg-b0-scenes.safetensors")
	step := int(state[stepName].Data[0])
	err := save(path, networkWeights(net, state), weights.F16, map[string]string{
		"model": net.Name,
		"step":  fmt.Sprintf("%d of %d", step, r.Steps),
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
	seen, err := score(&triovit.Model{Net: net, Weights: rounded, Source: path}, scenes.HeldOutSeed, heldOut)
	if err != nil {
		return err
	}
	each, mean := seen.iou()
	a := account{
		Recipe: r, Step: step, Minutes: float64(state[secondsName].Data[0]) / 60, Bytes: info.Size(),
		HeldOut: heldOut, FirstSeed: scenes.HeldOutSeed, MIoU: 100 * mean,
	}
	trained, _ := parameters(net)
	for _, p := range trained {
		a.Parameters += triovit.Size(p.Shape)
	}
	for k, iou := range each {
		a.Classes = append(a.Classes, classScore{scenes.Names[k], 100 * iou})
	}
	var text strings.Builder
	if err := template.Must(template.New("").Parse(accountText)).Execute(&text, a); err != nil {
		return err
	}
	fmt.Printf("step %d of %d: %.2f mIoU on %d held-out scenes\n", step, r.Steps, a.MIoU, heldOut)
	return os.WriteFile(filepath.Join(folder, "TRAINING.md"), []byte(text.String()), 0o644)
}
