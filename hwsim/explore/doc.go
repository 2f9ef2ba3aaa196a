// SPDX-License-Identifier: Apache-2.0

// Package explore finds the accelerator to build: it estimates every combination of sizes
// within limits and keeps those that no other beats.
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
// The front of a [Survey] holds a network's configurations for which no other has more
// pictures per second with no more DSPs, or fewer DSPs with no fewer pictures per second.
// A Space or [Survey.Front] may set other objectives, and [Pareto] takes any. The survey's
// page and its JSON end with the assumptions of every point.
//
// A space with a Shard is a part of the combinations. Each part is a file ([Survey.Save],
// [ReadSurvey]), and [Merge] joins them into the survey of the single run.
//
// # Two models
//
// A [hwsim.Model] estimates the configurations. The authors' closed form (closed.Model) is
// quick, but models no memory: buffers and bandwidth then matter for the limits only, and
// a configuration that waits for memory ranks as high as one that does not. The
// event-driven model (event.Model) simulates each point with its memory, some hundreds a
// second, and prices its events by an energy table:
//
//	Model: event.Model(event.Options{}, energy.Derived45nm())
//	...
//	front, err := survey.Front(w.Name, explore.FPS, explore.BRAMs)
//	fmt.Println(front)
//
// An event without a price in the table makes the energy unknown, which is not zero. Such
// a point cannot be ranked by energy. A front counts such points and gives the reason. If
// copies, lanes, ports or rates vary, no point is ranked by energy, since no table prices
// the energy of more of them.
package explore
