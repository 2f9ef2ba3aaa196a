// SPDX-License-Identifier: Apache-2.0

// Package charts draws the results of the other packages as figures.
//
// Eight bits per tensor destroy EfficientViT for a reason that a picture shows best: the
// channels of one tensor have ranges that differ by orders of magnitude, and a tensor has
// only one step. The figures here are the paper's own; further views of the same data
// (ranges of an MBConv's inputs, divisors against the bins of two quantizers, the
// pipelines, platforms); the ladder of accuracies; any of the paper's tables; the map of a
// diagnosed network; and the counts of the simulator.
//
// Drawing takes three steps, and each hands plain data to the next. A result of another
// package becomes a small struct; callers may also fill in [LadderData] by hand. Its
// Figure method computes the drawn numbers, a title that states the finding, and an Apache
// ECharts option built with go-echarts. The [Figure] is then shown in a notebook, saved,
// or exported as the table it was drawn from. The option is pure JSON without functions,
// so that a browser draws the same bytes as ECharts itself running in goja, without a
// browser.
//
//	fig, err := quant.Ranges(profile, model.Net, "stages.3.op_list.2.local_module")
//	if err != nil {
//		return err
//	}
//	err = fig.Show()             // in a notebook; prints its table elsewhere
//	err = fig.Save("ranges.svg") // or .html, .csv, .json
//
// [Show] also displays a result of another package: as HTML in a notebook if the result
// has a table, and as text elsewhere.
//
// In a notebook a figure is a picture from the start, without network access and before
// the notebook is trusted. It becomes interactive where [InjectRuntime] has sent the
// ECharts runtime.
//
// The paper's ten figures, panel by panel, are [PaperFig1] to [PaperFig10]. [Compared]
// shows one with a sentence on its agreement with the paper. A role has one colour and one
// label in every figure (palette.go); the option contains names of colours, and a theme
// maps the names to values (theme.go). The variable TRIOVIT_THEME chooses the theme, light
// or dark. Backgrounds are opaque, so that a figure of either theme is readable on any
// page. After a change of the theme the kernel must be restarted.
package charts
