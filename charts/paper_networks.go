// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/charts/internal/plot"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// A flowBox is one operation of a drawn chain: its label, and its size as a text.
type flowBox struct {
	label, size, color string
	// marked says that the box has a frame, as the paper frames matrix products and the
	// softmax.
	marked bool
}

// The width and the height of a box, and the distance of two rows, in pixels.
const flowWidth, flowHeight, flowPitch = 132, 36, 56

// flow draws a chain of boxes in rows of perRow, from left to right. at is the centre of
// the first box. It returns the vertical position of the last row.
func (s *sketch) flow(at plot.Place, perRow int, boxes []flowBox) float64 {
	x, y := at[0], at[1]
	const pitch = flowWidth + 24
	for i, b := range boxes {
		edge := flowWidth / 2.0
		if b.marked {
			edge += 4 // an arrow ends at the frame
		}
		if i > 0 {
			if i%perRow == 0 {
				last := x
				x, y = at[0], y+flowPitch
				s.Path(plot.Faint, plot.Place{last + flowWidth/2, y - flowPitch}, plot.Place{last + flowWidth/2 + 10, y - flowPitch}, plot.Place{last + flowWidth/2 + 10, y - flowPitch/2},
					plot.Place{x - flowWidth/2 - 10, y - flowPitch/2}, plot.Place{x - flowWidth/2 - 10, y}, plot.Place{x - edge, y})
			} else {
				s.Path(plot.Faint, plot.Place{x + flowWidth/2, y}, plot.Place{x + pitch - edge, y})
				x += pitch
			}
		}
		if b.marked {
			s.Fill(b.label, plot.Place{x - flowWidth/2 - 4, y - flowHeight/2 - 4}, flowWidth+8, flowHeight+8, plot.Ink)
			s.Fill(b.label, plot.Place{x - flowWidth/2 - 2, y - flowHeight/2 - 2}, flowWidth+4, flowHeight+4, plot.Ground)
		}
		s.Shape(b.label+": "+b.size, "rect", plot.Place{x, y}, flowWidth, flowHeight, b.color, fmt.Sprintf("{on|%s}\n{on|%s}", b.label, b.size))
	}
	return y
}

// PaperFig1 draws the paper's Fig. 1: the blocks of a standard ViT, multi-head
// self-attention and MLP, with each matrix product and the softmax framed. The workload is
// one of [workload.DeiT], and its sizes stand in the boxes; the paper's figure has no
// sizes.
func PaperFig1(w *workload.Workload) (*Figure, error) {
	var before, behind []flowBox
	var blocks [][]flowBox
	var products, softmaxes, engines int64
	table := plot.Columns("block", "operation", "multiply-accumulates")
	block := ""
	for i := range w.Ops {
		o := &w.Ops[i]
		macs := o.MACs()
		engines += macs
		if o.Unit == workload.Requantize {
			continue
		}
		table.Rows = append(table.Rows, []any{o.Block, o.Label, macs})
		b := flowBox{label: o.Label, size: plot.Several(int(o.Outputs()), "output"), color: plot.LabelColor(o.Label)}
		if macs > 0 {
			b.size = plot.Number(float64(macs)/1e6) + " M MACs"
		}
		switch {
		case o.Form == workload.Product:
			b.marked = true
			b.size = fmt.Sprintf("%d×%d×%d, %s", o.Rows, o.Inner, o.Cols, plot.Several(o.Heads, "head"))
			products += macs
		case strings.Contains(o.Label, "softmax"):
			b.marked = true
			softmaxes++
		}
		if o.Label == "QKT" {
			b.label = "QKᵀ"
		}
		switch {
		case o.Block == "" && len(blocks) == 0:
			before = append(before, b)
		case o.Block == "":
			behind = append(behind, b)
		default:
			if o.Block != block {
				block = o.Block
				blocks = append(blocks, nil)
			}
			blocks[len(blocks)-1] = append(blocks[len(blocks)-1], b)
		}
	}
	if len(blocks) == 0 || softmaxes == 0 {
		return nil, fmt.Errorf("charts: Fig. 1: %s has %d blocks and %d softmaxes: a standard ViT is needed", w.Name, len(blocks), softmaxes)
	}
	const top, left, perRow = 76, 110, 5
	s := &sketch{}
	y := s.flow(plot.Place{left, 30}, perRow, before)
	s.Note(plot.Place{left - flowWidth/2 - 10, y + 52}, plot.Labelled(fmt.Sprintf("one of %s", plot.Several(len(blocks), "Transformer block"))))
	attention := slices.IndexFunc(blocks[0], func(b flowBox) bool { return strings.HasPrefix(b.label, "LayerNorm 2") })
	if attention < 0 {
		attention = len(blocks[0])
	}
	for _, part := range []struct {
		name  string
		boxes []flowBox
	}{{"multi-head self-attention (MHSA)", blocks[0][:attention]}, {"MLP", blocks[0][attention:]}} {
		if len(part.boxes) == 0 {
			continue
		}
		rows := (len(part.boxes) + perRow - 1) / perRow
		start := y + 78
		s.Frame(part.name, plot.Place{left - flowWidth/2 - 22, start - 8}, perRow*(flowWidth+24)+26, float64(rows)*flowPitch+34, "")
		s.Note(plot.Place{left - flowWidth/2 - 16, start + 6}, plot.Labelled(part.name))
		y = s.flow(plot.Place{left, start + 42}, perRow, part.boxes)
		y -= 36
	}
	y = s.flow(plot.Place{left, y + 122}, perRow, behind)
	title := fmt.Sprintf("%d softmaxes and %s of the multiplications in matrix products of activations", softmaxes, plot.Percent(float64(products)/float64(engines)))
	subtitle := fmt.Sprintf("%s. Framed: products of two activations, and the softmax, which EfficientViT does not have.", w.Name)
	height := int(y) + 40
	f, err := NewFigure(title, plot.FigureWidth, top+height, s.Option(title, subtitle, top, plot.FigureWidth, height), table)
	if err != nil {
		return nil, err
	}
	return f.Against("**Fig. 1.** As in the paper, MHSA and MLP alternate, %d times here, with two matrix products of activations and a softmax in each MHSA. The paper's figure has no sizes; those here are of %s.",
		len(blocks), w.Name), nil
}

// PaperFig2 draws the paper's Fig. 2 of a network: its stem, stages and head, every block
// in order; below it one MBConv and one EfficientViT module's MSA step by step, with the
// network's own shapes. The paper draws the backbone without sizes.
func PaperFig2(net *efficientvit.Network) (*Figure, error) {
	const top, left = 76, 92
	s := &sketch{}
	table := plot.Columns("stage", "block", "kind", "output")
	ranges := net.Blocks()
	y := 26.0
	counts := map[string]int{}
	last := ranges[len(ranges)-1].Stage
	drawn := map[string]efficientvit.Range{}
	for stage := 0; stage <= last; stage++ {
		name := stageName(stage, last)
		s.Note(plot.Place{12, y}, plot.Labelled(name))
		x := float64(left)
		for _, b := range ranges {
			if b.Stage != stage {
				continue
			}
			ops := net.Ops[b.From:b.To]
			kind := plot.KindOf(ops)
			shape := shapeText(ops[len(ops)-1].Shape)
			table.Rows = append(table.Rows, []any{name, b.Name, kind, shape})
			counts[kind]++
			if stage < last {
				drawn[kind] = b // the last block of this kind in the backbone overwrites those before
			}
			if x+116 > plot.FigureWidth-12 {
				x, y = left, y+46
			}
			s.Shape(b.Name+": "+kind+", "+shape, "rect", plot.Place{x + 56, y}, 112, 36, kindColor(kind, ops), fmt.Sprintf("{on|%s}\n{on|%s}", kind, shape))
			x += 122
		}
		y += 50
	}
	for _, kind := range []string{"MBConv", "MSA"} {
		b, ok := drawn[kind]
		if !ok {
			return nil, fmt.Errorf("charts: Fig. 2: %s has no %s", net.Name, kind)
		}
		s.Note(plot.Place{12, y + 6}, plot.Labelled(plot.BlockLabel(b.Name)+", step by step", plot.BlockName(b.Name)))
		y += 8
		for _, part := range branches(chainOf(net.Ops[b.From:b.To])) {
			y = s.flow(plot.Place{84 + part.indent, y + 50}, 5, part.boxes)
			if part.from != "" {
				s.Note(plot.Place{12, y}, plot.Labelled("", part.from))
			}
		}
		y += 50
	}
	title := fmt.Sprintf("%s, %s and %s, and no softmax", plot.Several(counts["MBConv"], "MBConv"), plot.Several(counts["MSA"], "MSA"), plot.Several(counts["DSConv"], "DSConv"))
	subtitle := fmt.Sprintf("%s. An EfficientViT module is an MSA and an MBConv. A box has the shape of its output.", plot.ShortName(net.Name))
	height := int(y) + 4
	f, err := NewFigure(title, plot.FigureWidth, top+height, s.Option(title, subtitle, top, plot.FigureWidth, height), table)
	if err != nil {
		return nil, err
	}
	return f.Against("**Fig. 2.** As in the paper, a stem, MBConvs and then modules of an MSA and an MBConv: %d MSAs of %d blocks. Shapes and the head are of %s; the paper's figure ends with the backbone.",
		counts["MSA"], len(ranges), plot.ShortName(net.Name)), nil
}

// stageName returns the name of stage n of a network whose head is stage last.
func stageName(n, last int) string {
	switch n {
	case 0:
		return "stem"
	case last:
		return "head"
	}
	return fmt.Sprintf("stage %d", n)
}

// kindColor returns the colour of a kind of block: that of a role which stands for it.
func kindColor(kind string, ops []efficientvit.Op) string {
	switch kind {
	case "MBConv":
		return plot.Blue
	case "MSA":
		return plot.Mauve
	case "DSConv":
		return plot.Lime
	}
	for i := range ops {
		if ops[i].Role != efficientvit.NoRole {
			return plot.RoleColor(ops[i].Role)
		}
	}
	return plot.Shade
}

func shapeText(shape []int) string {
	text := make([]string, len(shape))
	for i, n := range shape {
		text[i] = fmt.Sprint(n)
	}
	return strings.Join(text, "×")
}

// chainOf returns a box for each operation of a block that has a role. An activation has
// no box of its own beside its convolution's. Matrix products are marked.
func chainOf(ops []efficientvit.Op) []flowBox {
	var boxes []flowBox
	for i := range ops {
		op := &ops[i]
		label := plot.RoleLabel(op.Role)
		switch op.Kind {
		case efficientvit.Conv:
			if op.Kernel > 1 {
				label += fmt.Sprintf(", %d×%d", op.Kernel, op.Kernel)
			}
		case efficientvit.MatMul, efficientvit.SumTokens, efficientvit.Divide, efficientvit.Add:
		default:
			continue
		}
		boxes = append(boxes, flowBox{label: label, size: shapeText(op.Shape), color: plot.RoleColor(op.Role), marked: op.Kind == efficientvit.MatMul})
	}
	return boxes
}

// A branch is a row of boxes of a drawn block. from names the tensor that its first box
// reads, and indent is in pixels.
type branch struct {
	boxes  []flowBox
	from   string
	indent float64
}

// branches divides the boxes of an MSA into four rows: those before its two branches, each
// branch, and those behind both. Any other block is one row.
func branches(boxes []flowBox) []branch {
	list := []branch{{}}
	for _, b := range boxes {
		switch b.label {
		case plot.RoleLabel(efficientvit.KTV):
			from := "branch of\nqkv"
			if len(list) > 1 {
				from = "branch of the\naggregation"
			}
			list = append(list, branch{from: from, indent: 90})
		case plot.RoleLabel(efficientvit.Proj):
			list = append(list, branch{from: "both\nbranches", indent: 90})
		}
		list[len(list)-1].boxes = append(list[len(list)-1].boxes, b)
	}
	return list
}
