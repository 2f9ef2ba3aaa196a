// SPDX-License-Identifier: Apache-2.0

// Package explore asks which accelerator to build: it tries every combination
// of sizes within limits and keeps those that no other beats.
//
// A [Space] is a configuration, the fields of it to vary, by their names in
// YAML, and the networks to run:
//
//	survey, err := explore.Sweep(ctx, explore.Space{
//		Base: arch.ZCU102(),
//		Axes: []explore.Axis{
//			explore.Over("mat.lanes", 4, 8, 16),
//			explore.Over("rmac.lanes", 4, 8, 16),
//			explore.Over("copies", 4, 8, 16, 32),
//		},
//		Limits:    explore.Limits{DSPs: 1616},
//		Workloads: []*workload.Workload{w},
//		Model:     closed.Model(hwsim.Backbone),
//	})
//	fmt.Println(survey)
//
// The front of a [Survey] holds, for a network, the configurations than which no
// other has more pictures per second with no more DSPs, or fewer DSPs with no
// fewer pictures; a Space or [Survey.Front] takes other objectives, and [Pareto] any. The survey's page and its JSON end with what every point
// assumes.
//
// A space with a Shard is a part of the combinations. Each part is a file
// ([Survey.Save], [ReadSurvey]), and [Merge] makes of all of them the survey of the
// single run.
//
// # Two models
//
// A [hwsim.Model] charges the configurations. The authors' closed form (closed.Model)
// is quick, but knows no memory: buffers and bandwidth then count for the limits only,
// and a configuration that waits for memory looks as good as one that does not. The
// event-driven model (event.Model) simulates each point with its memory, some hundreds
// a second, and prices its events by an energy table:
//
//	Model: event.Model(event.Options{}, energy.Derived45nm())
//	...
//	front, err := survey.Front(w.Name, explore.FPS, explore.BRAMs)
//	fmt.Println(front)
//
// What a table does not price has no energy, which is not the same as none: such
// a point cannot be ranked by energy, and a front says how many there are, and
// why. And where copies, lanes, ports or rates vary, energy ranks nothing: no table
// prices what they cost.
package explore
