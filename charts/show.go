// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"os"
	"strings"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"

	"github.com/gotriovit/gotriovit/table"
)

// Show displays the figure as the output of the running notebook cell. In a program
// outside of a notebook it prints the plain-text form to standard output.
func (f *Figure) Show() error {
	if !gonbui.IsNotebook {
		_, err := io.WriteString(os.Stdout, f.String())
		return err
	}
	bundle, err := f.bundle()
	if err != nil {
		return err
	}
	return send(bundle)
}

// InjectRuntime sends the ECharts runtime to the notebook, once for all its
// figures: those above and below become interactive. Outside a notebook it
// does nothing.
func InjectRuntime() error {
	if !gonbui.IsNotebook {
		return nil
	}
	runtime, err := Runtime()
	if err != nil {
		return err
	}
	const note = "Apache ECharts is loaded: figures answer the mouse."
	return send(map[protocol.MIMEType]any{
		protocol.MIMETextHTML:  runtime + "<small>" + note + "</small>",
		protocol.MIMETextPlain: note,
	})
}

// send passes a bundle to the kernel and waits until the kernel has it: a cell's process
// ends right after, and data still in the pipe would be lost.
func send(bundle map[protocol.MIMEType]any) error {
	gonbui.SendData(&protocol.DisplayData{Data: bundle})
	gonbui.Sync()
	if err := gonbui.Error(); err != nil {
		return fmt.Errorf("charts: send to the notebook: %w", err)
	}
	return nil
}

// bundle returns the figure in every form a front end may choose from.
// JupyterLab takes the HTML, whose picture survives in an untrusted notebook,
// where scripts are removed; nbviewer and GitHub take the SVG.
func (f *Figure) bundle() (map[protocol.MIMEType]any, error) {
	svg, err := f.SVG()
	if err != nil {
		return nil, err
	}
	return map[protocol.MIMEType]any{
		protocol.MIMETextHTML:  f.html(svg),
		protocol.MIMEImageSVG:  string(svg),
		protocol.MIMETextPlain: f.String(),
	}, nil
}

// html returns the picture and the script that replaces it by the live chart.
// The picture is an image and not inline SVG, because the ids inside the SVGs
// of two figures are equal and would collide in one document. The figure is
// found by an attribute and not by an id, because one notebook may show it
// twice.
func (f *Figure) html(svg []byte) string {
	picture := f.picture64(svg, "block")
	if f.option == nil {
		return picture
	}
	answers := ""
	if f.details != nil {
		answers = fmt.Sprintf("const details=%s;\n"+`chart.on("click",function(e){const d=details[e.data&&e.data.detail];if(d)chart.setOption(d)});`+"\n", f.details)
	}
	// encoding/json escapes < in the options, so that no </script> is inside.
	return fmt.Sprintf(`<div data-figure="%[1]s" style="width:%[2]dpx;height:%[3]dpx">%[4]s</div>
<script>(function(){
function live(){document.querySelectorAll('[data-figure="%[1]s"]:not([data-live])').forEach(function(box){
box.setAttribute("data-live","");
box.textContent="";
const chart=window.gotriovit.echarts.init(box,null,{renderer:"svg"});
chart.setOption(%[5]s);
%[7]s})}
if(window.gotriovit&&window.gotriovit.echarts)live();else window.addEventListener("%[6]s",live,{once:true});
})();</script>
`, f.ID(), f.width, f.height, picture, f.option, readyEvent, answers)
}

// picture64 returns the picture as an image, as a block or in a line.
func (f *Figure) picture64(svg []byte, display string) string {
	return fmt.Sprintf(`<img style="display:%s;margin:0" src="data:image/svg+xml;base64,%s" width="%d" height="%d" alt="%s">`,
		display, base64.StdEncoding.EncodeToString(svg), f.width, f.height, html.EscapeString(f.title))
}

// page returns an HTML document with the figure and the runtime, which asks no host for
// anything.
func (f *Figure) page() ([]byte, error) {
	svg, err := f.SVG()
	if err != nil {
		return nil, err
	}
	var runtime string
	if f.option != nil {
		if runtime, err = Runtime(); err != nil {
			return nil, err
		}
	}
	return []byte("<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>" +
		html.EscapeString(f.title) + "</title>\n<body>\n" + f.html(svg) + runtime + "</body>\n</html>\n"), nil
}

// Show displays the result of a call, or returns the call's error:
//
//	must.M(charts.Show(quant.Ranges(profile, net, block)))
//	must.M(charts.Show(calib.RunLadder(ctx, model, calibration, evaluation, recipes)))
//
// See [Display] for the results that can be displayed.
func Show(made fmt.Stringer, err error) error {
	if err != nil {
		return err
	}
	return Display(made)
}

// Display displays a result as the output of the running notebook cell: a figure, pictures,
// a table or a page of tables, or a result that has one of them, as HTML, and any other
// result as its text. In a program outside of a notebook it prints the text, which ends with a line
// break.
func Display(x fmt.Stringer) error {
	if own, ok := x.(interface{ Show() error }); ok {
		return own.Show()
	}
	if !gonbui.IsNotebook {
		_, err := io.WriteString(os.Stdout, ended(x.String()))
		return err
	}
	page, err := markup(x)
	if err != nil {
		return err
	}
	return send(map[protocol.MIMEType]any{
		protocol.MIMETextHTML:  page,
		protocol.MIMETextPlain: x.String(),
	})
}

// ended returns a text with one line break at its end.
func ended(text string) string { return strings.TrimSuffix(text, "\n") + "\n" }

// markup returns the HTML of a result: its own, that of its table or tables, or its text.
func markup(x fmt.Stringer) (string, error) {
	switch x := x.(type) {
	case interface{ HTML() (string, error) }:
		return x.HTML()
	case interface{ HTML() string }:
		return x.HTML(), nil
	case interface{ Table() table.Table }:
		return x.Table().HTML(), nil
	case interface{ Tables() table.Page }:
		return x.Tables().HTML(), nil
	case interface{ Page() table.Page }:
		return x.Page().HTML(), nil
	}
	return `<pre style="white-space:pre-wrap">` + html.EscapeString(x.String()) + "</pre>\n", nil
}

// Compared shows a figure of the paper, and below it the sentence of [Figure.Beside].
//
//	must.M(charts.Compared(quant.PaperFig3(profile, net, block)))
func Compared(f *Figure, err error) error {
	if err := Show(f, err); err != nil {
		return err
	}
	return Markdown("%s", f.Beside())
}

// Folded displays a text, or a result as [Display] does, folded behind a summary line that
// opens it. In a program outside of a notebook it prints both.
func Folded(summary string, x any) error {
	if !gonbui.IsNotebook {
		_, err := fmt.Printf("%s\n%s", summary, ended(fmt.Sprint(x)))
		return err
	}
	bundle, err := foldedBundle(summary, x)
	if err != nil {
		return err
	}
	return send(bundle)
}

func foldedBundle(summary string, x any) (map[protocol.MIMEType]any, error) {
	inside := fmt.Sprintf(`<pre style="white-space:pre-wrap;word-break:normal;overflow-wrap:normal">%s</pre>`, html.EscapeString(fmt.Sprint(x)))
	if result, ok := x.(fmt.Stringer); ok {
		var err error
		if inside, err = markup(result); err != nil {
			return nil, err
		}
	}
	return map[protocol.MIMEType]any{
		protocol.MIMETextHTML:  fmt.Sprintf(`<details><summary>%s</summary>%s</details>`, html.EscapeString(summary), inside),
		protocol.MIMETextPlain: fmt.Sprintf("%s\n%s", summary, x),
	}, nil
}
