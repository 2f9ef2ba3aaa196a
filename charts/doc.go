// SPDX-License-Identifier: Apache-2.0

// Package charts draws what the other packages found out.
//
// Eight bits per tensor destroy EfficientViT for a reason that a table hides
// and a picture shows: the channels of one tensor have ranges that differ by
// orders of magnitude, and a tensor has but one step. The figures here are the
// paper's own, views of the same data that teach more (ranges of an MBConv's inputs,
// divisors against the bins of two quantizers, the pipelines, platforms), the ladder of accuracies, any of the
// paper's tables, the map of a diagnosed network, and what the simulator counts.
//
// Drawing takes three steps, each plain data for the next. A result of another
// package becomes a small struct, of which [LadderData] is also made by hand;
// its Figure method reduces that to numbers, a title that states what the
// numbers say, and an Apache ECharts option built with go-echarts; the [Figure]
// is then shown in a notebook, saved, or exported as the table it was drawn
// from. The option is pure JSON without functions, so that the same bytes are
// drawn by a browser and, without one, by ECharts itself running in goja.
//
//	fig, err := charts.Ranges(profile, model.Net, "stages.3.op_list.2.local_module")
//	if err != nil {
//		return err
//	}
//	err = fig.Show()             // in a notebook; prints its table elsewhere
//	err = fig.Save("ranges.svg") // or .html, .csv, .json
//
// [Show] also displays a result of another package: what has a table is HTML in a
// notebook, and text elsewhere.
//
// In a notebook a figure is a picture at once, without a network and before
// the notebook is trusted; it becomes interactive where [InjectRuntime] has
// sent the ECharts runtime.
//
// The paper's ten figures, panel by panel, are [PaperFig1] to [PaperFig10], and
// [Compared] shows one with what agrees. Every figure names its colours: a role has one
// colour and one label throughout (palette.go), and a theme gives the names their values
// (theme.go). The variable TRIOVIT_THEME chooses the theme, light or dark. Backgrounds
// are opaque, so that a figure of either theme is readable on any page; restart the
// kernel after a change.
package charts
