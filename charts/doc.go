// SPDX-License-Identifier: Apache-2.0

// Package charts draws the results of the other packages as figures.
//
// The figures here are those of the accelerator: the counts of the simulator, designs beside
// one another, the paper's figures of its engines, networks and pipelines. Package
// charts/quant has those of calibrated, quantized and diagnosed networks. It links a tensor
// library, and a notebook's cell is linked anew each time.
//
// Drawing takes three steps, and each hands plain data to the next. A result of another
// package becomes a small struct; callers may also fill in [LadderData] by hand. Its
// Figure method computes the drawn numbers, a title that states the finding, and an Apache
// ECharts option built with go-echarts. [NewFigure] makes a [Figure] of any such option. The
// figure is then shown in a notebook, saved, or exported as the table it was drawn from.
// The option is pure JSON without functions, so that a browser draws the same bytes as
// ECharts itself running in the JavaScript interpreter goja, without a browser. The drawing
// is cached. Package charts/renderer has the interpreter, and a program that draws must import
// it. A notebook's cell need not: it runs cmd/drawsvg for a figure that is not in the cache.
//
//	import _ "github.com/gotriovit/gotriovit/charts/renderer"
//
//	fig, err := charts.Cycles(run)
//	if err != nil {
//		return err
//	}
//	err = fig.Show()             // in a notebook; prints its table elsewhere
//	err = fig.Save("cycles.svg") // or .html, .csv, .json
//
// [Show] also displays a result of another package: as HTML in a notebook if the result
// has a table, and as text elsewhere.
//
// In a notebook a figure is a picture from the start, without network access and before
// the notebook is trusted. It becomes interactive where [InjectRuntime] has sent the
// ECharts runtime.
//
// The paper's ten figures, panel by panel, are PaperFig1 to PaperFig10: Fig. 3 to Fig. 6 in
// charts/quant, the others here. [Compared] shows one with a sentence on its agreement with
// the paper. A role has one colour and one label in every figure; the option contains names
// of colours, and a theme maps the names to values. The variable TRIOVIT_THEME chooses the theme, light
// or dark. Backgrounds are opaque, so that a figure of either theme is readable on any
// page. After a change of the theme the kernel must be restarted.
package charts
