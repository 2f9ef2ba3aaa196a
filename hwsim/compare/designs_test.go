// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"math"
	"testing"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
)

// TestDesigns: the cycles of VALIDATION.md.
func TestDesigns(t *testing.T) {
	list, err := Designs(arch.ZCU102(), hwsim.Backbone, "b1-r224", "b2-r224")
	if err != nil {
		t.Fatal(err)
	}
	var cycles []float64
	for _, e := range list {
		cycles = append(cycles, math.Round(e.Cycles))
	}
	if want := []float64{250343, 296449, 762009, 902926}; len(cycles) != 4 || [4]float64(cycles) != [4]float64(want) {
		t.Errorf("cycles %v, want %v", cycles, want)
	}
	if !math.IsNaN(list[0].Joules) || !(list[1].Joules > 0) {
		t.Errorf("energies %v and %v, want an unknown one and a positive one", list[0].Joules, list[1].Joules)
	}
	broken := arch.ZCU102()
	broken.Copies = 0
	for _, try := range []func() ([]hwsim.Estimate, error){
		func() ([]hwsim.Estimate, error) { return Designs(arch.ZCU102(), hwsim.Backbone, "b9") },
		func() ([]hwsim.Estimate, error) { return Designs(broken, hwsim.Backbone, "b1-r224") },
	} {
		if _, err := try(); err == nil {
			t.Error("no error")
		}
	}
}
