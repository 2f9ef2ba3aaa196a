// SPDX-License-Identifier: Apache-2.0

package event

import (
	"testing"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/hwtest"
)

// TestTurnsAreTheRun: the turns of a trace follow one another and are the compute events
// of the run. The last turn ends at the end of the run less its last stores.
func TestTurnsAreTheRun(t *testing.T) {
	w := hwtest.Network(t, "b0-r224")
	for _, c := range []struct {
		name    string
		share   arch.Share
		options Options
	}{
		{"pixels", arch.Pixels, Options{}},
		{"channels", arch.Channels, Options{}},
		{"a batch", arch.Batch, Options{Batch: 3}},
		{"rows", arch.Pixels, Options{TilePixels: 64}},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := arch.ZCU102()
			config.CopiesShare = c.share
			c.options.Events = true
			run, turns, err := Trace(w, config, c.options)
			if err != nil {
				t.Fatal(err)
			}
			now, drain := int64(0), run.Drain
			var starts, ends []int64
			for i, turn := range turns {
				if turn.Start < now || turn.End < turn.Start || i > 0 && turn.Step < turns[i-1].Step {
					t.Fatalf("turn %d of step %d goes from %d to %d, the one before ended at %d", i, turn.Step, turn.Start, turn.End, now)
				}
				now = turn.End
				starts, ends = append(starts, turn.Start), append(ends, turn.End)
			}
			if c.options.Batch > 1 {
				drain = 0 // the drain is of all rounds, and that of the first is not known
			}
			if drain > 0 && now != run.RoundCycles-drain {
				t.Errorf("the turns end at %d, the round at %d with %d for its last stores", now, run.RoundCycles, drain)
			}
			// Each compute event begins within a turn, and each turn begins with a compute event.
			at := 0
			for _, e := range run.Events {
				if e.Kind != ComputeEvent {
					continue
				}
				for at < len(starts) && e.Start >= ends[at] && ends[at] > starts[at] {
					at++
				}
				if at == len(starts) || e.Start < starts[at] || e.End > ends[at] {
					t.Fatalf("an event of %q from %d to %d is in no turn", e.Op, e.Start, e.End)
				}
			}
		})
	}
}
