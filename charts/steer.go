// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"
)

// A Control is one choice for the reader of a figure, such as the number of bits or the
// drawn block.
type Control struct {
	// Name stands beside the control.
	Name string
	// Positions are the choices as the reader sees them, in order.
	Positions []string
	// At is the index of the position that the figure starts at.
	At int
}

// The bounds of what [Steer] draws: positions of all controls together, and bytes of the
// figures, compressed.
const (
	maxPositions = 512
	maxSteered   = 4 << 20
)

// Steer shows the figure of draw for one position of each control, in the order of the
// controls.
//
// Where scripts run, the controls stand above one chart, which each step changes in place;
// a slider that has been clicked follows the arrow keys. All positions are drawn in
// advance, so that no step waits for the kernel, the cell ends at once, and an exported
// page works too. Without scripts three figures stand side by side, for the first, the
// starting and the last position of the first control, with the other controls at their
// start. In a program outside of a notebook the figures' text is printed.
func Steer(draw func(at []int) (*Figure, error), controls ...Control) error {
	if err := checkControls(controls); err != nil {
		return err
	}
	if !gonbui.IsNotebook {
		for _, at := range still(controls) {
			if err := Show(draw(at)); err != nil {
				return err
			}
		}
		return nil
	}
	bundle, err := steered(draw, controls)
	if err != nil {
		return err
	}
	return send(bundle)
}

func checkControls(controls []Control) error {
	if len(controls) == 0 {
		return fmt.Errorf("charts: a figure is steered by one control or more, none was given")
	}
	positions := 1
	for _, c := range controls {
		if c.At < 0 || c.At >= len(c.Positions) {
			return fmt.Errorf("charts: control %q starts at position %d of %d", c.Name, c.At, len(c.Positions))
		}
		if positions *= len(c.Positions); positions > maxPositions {
			return fmt.Errorf("charts: the controls have more than %d positions together", maxPositions)
		}
	}
	return nil
}

// start returns, for each control, the index of the position at which it starts.
func start(controls []Control) []int {
	at := make([]int, len(controls))
	for i, c := range controls {
		at[i] = c.At
	}
	return at
}

// still returns the positions whose figures stand side by side where no script runs.
func still(controls []Control) (all [][]int) {
	for _, p := range slices.Compact([]int{0, controls[0].At, len(controls[0].Positions) - 1}) {
		at := start(controls)
		at[0] = p
		all = append(all, at)
	}
	return all
}

// steered draws every position, the last control's changing fastest, and returns them in
// every form a front end may choose from.
func steered(draw func(at []int) (*Figure, error), controls []Control) (map[protocol.MIMEType]any, error) {
	var (
		options        []json.RawMessage
		pictures, text strings.Builder
		width, height  int
		shown          = still(controls)
		at             = make([]int, len(controls))
	)
	for more := true; more; more = next(at, controls) {
		f, err := draw(slices.Clone(at))
		if err != nil {
			return nil, err
		}
		option, err := f.drawing()
		if err != nil {
			return nil, err
		}
		options = append(options, option)
		width, height = max(width, f.width), max(height, f.height)
		if slices.ContainsFunc(shown, func(s []int) bool { return slices.Equal(s, at) }) {
			svg, err := f.SVG()
			if err != nil {
				return nil, err
			}
			pictures.WriteString(f.picture64(svg, "inline-block"))
			text.WriteString(f.String())
		}
	}
	all, err := json.Marshal(options)
	if err != nil {
		return nil, fmt.Errorf("charts: figures of %d positions: %w", len(options), err)
	}
	packed, err := pack(all)
	if err != nil {
		return nil, fmt.Errorf("charts: figures of %d positions: %w", len(options), err)
	}
	if len(packed) > maxSteered {
		return nil, fmt.Errorf("charts: figures of %d positions take %d bytes, allowed are %d", len(options), len(packed), maxSteered)
	}
	names, err := json.Marshal(controls)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(all)
	page := fmt.Sprintf(steerPage, "gotriovit-steered-"+hex.EncodeToString(sum[:6]), pictures.String(), width, height, names, packed, readyEvent)
	return map[protocol.MIMEType]any{protocol.MIMETextHTML: page, protocol.MIMETextPlain: text.String()}, nil
}

// drawing returns the option as JSON, and for a fixed picture its SVG as a JSON string.
func (f *Figure) drawing() (json.RawMessage, error) {
	if f.picture == nil {
		return f.option, nil
	}
	return json.Marshal(string(f.picture))
}

// next steps to the following position of all controls, the last one's first, and says
// whether there is one.
func next(at []int, controls []Control) bool {
	for i := len(at) - 1; i >= 0; i-- {
		if at[i]++; at[i] < len(controls[i].Positions) {
			return true
		}
		at[i] = 0
	}
	return false
}

// steerPage is the pictures and the script that replaces them by the controls and the
// live chart. JupyterLab takes arrow keys for its own before a slider sees them: a listener
// on the window, which comes first, keeps from it those that a slider of ours gets.
const steerPage = `<div data-figure="%[1]s" data-steered>%[2]s</div>
<script>(function(){
const controls=%[5]s;
function live(){document.querySelectorAll('[data-figure="%[1]s"]:not([data-live])').forEach(function(box){
box.setAttribute("data-live","");
window.gotriovit.inflate("%[6]s").then(function(text){
const options=JSON.parse(text),at=controls.map(function(c){return c.At});
box.textContent="";
const panel=document.createElement("div"),place=document.createElement("div"),image=new Image();
place.style.width="%[3]dpx";place.style.height="%[4]dpx";
image.style.margin=0;
box.append(panel,place);
const chart=window.gotriovit.echarts.init(place,null,{renderer:"svg"});
function show(){
const drawing=options[at.reduce(function(n,p,i){return n*controls[i].Positions.length+p},0)],fixed=typeof drawing==="string";
place.style.display=fixed?"none":"block";
if(fixed)box.append(image);else image.remove();
if(fixed)image.src="data:image/svg+xml,"+encodeURIComponent(drawing);else chart.setOption(drawing,{notMerge:true});
}
controls.forEach(function(c,i){
const label=document.createElement("label"),slider=document.createElement("input"),value=document.createElement("output");
label.style.marginRight="24px";
slider.type="range";slider.min=0;slider.max=c.Positions.length-1;slider.value=at[i];
slider.style.verticalAlign="middle";slider.style.margin="0 8px";
slider.setAttribute("aria-label",c.Name);
function tell(){value.textContent=c.Positions[at[i]];slider.setAttribute("aria-valuetext",c.Positions[at[i]])}
slider.addEventListener("input",function(){at[i]=+slider.value;tell();show()});
tell();
label.append(c.Name,slider,value);panel.append(label);
});
window.addEventListener("keydown",function(e){if(panel.contains(e.target)&&/^(Arrow|Home|End|Page)/.test(e.key))e.stopImmediatePropagation()},true);
show();
})})}
if(window.gotriovit&&window.gotriovit.echarts)live();else window.addEventListener("%[7]s",live,{once:true});
})();</script>
`

// Markdown displays a text with numbers that a cell has computed, formatted as by
// [fmt.Sprintf]. In a program outside of a notebook it prints the text.
func Markdown(format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if !gonbui.IsNotebook {
		_, err := fmt.Println(text)
		return err
	}
	return send(map[protocol.MIMEType]any{protocol.MIMETextMarkdown: text, protocol.MIMETextPlain: text})
}
