// SPDX-License-Identifier: Apache-2.0

package plot

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// A style is the label and the colour that a role has in every figure.
type style struct{ label, color string }

// roleStyles has the label and the colour of each role. Steps of one thing share its
// colour, and the labels tell them apart.
var roleStyles = map[efficientvit.Role]style{
	efficientvit.Stem:       {"stem", Brown},
	efficientvit.DSConvDW:   {"DSConv DW", Lime},
	efficientvit.DSConvPW:   {"DSConv PW", Lime},
	efficientvit.PW1:        {"PW1", Blue},
	efficientvit.DW:         {"DW", Vermillion},
	efficientvit.PW2:        {"PW2", Green},
	efficientvit.QKV:        {"qkv", Mauve},
	efficientvit.AggDW:      {"aggregation DW", Yellow},
	efficientvit.AggPW:      {"aggregation PW", Yellow},
	efficientvit.KTV:        {"KᵀV", Wine},
	efficientvit.SumK:       {"ΣK", Wine},
	efficientvit.Divisor:    {"divisor", Indigo},
	efficientvit.Dividend:   {"dividend", Mint},
	efficientvit.Attention:  {"quotient", Mint},
	efficientvit.Proj:       {"proj", Sky},
	efficientvit.HeadInput:  {"head input", Purple},
	efficientvit.HeadOutput: {"head output", Purple},
}

// RoleLabel returns what figures call a role: the paper's word for it.
func RoleLabel(r efficientvit.Role) string {
	if s, ok := roleStyles[r]; ok {
		return s.label
	}
	return r.String()
}

// RoleColor returns the colour of a role, [shade] for one that has none.
func RoleColor(r efficientvit.Role) string {
	if s, ok := roleStyles[r]; ok {
		return s.color
	}
	return Shade
}

// roleNamed returns the role of a label of a report or a figure. Of several, as in
// "DW + PW2", where one operation streams into another, it returns the first role.
func roleNamed(label string) efficientvit.Role {
	first, _, _ := strings.Cut(label, " + ")
	for r, s := range roleStyles {
		if r.String() == first || s.label == first {
			return r
		}
	}
	return efficientvit.NoRole
}

// PlainRoles returns a report's label of one role or several with the labels that figures
// have for these roles.
func PlainRoles(label string) string {
	names := strings.Split(label, " + ")
	for i, n := range names {
		if r := roleNamed(n); r != efficientvit.NoRole {
			names[i] = RoleLabel(r)
		}
	}
	return strings.Join(names, " + ")
}

// blockParts matches the name that the reference gives to a block: a stage of the backbone,
// the stem or the middle of the head, the position in it, and of an EfficientViT module
// which of its two blocks.
var blockParts = regexp.MustCompile(`^(?:backbone\.)?(input_stem|head\.middle|stages\.(\d+))\.op_list\.(\d+)(\.context_module|\.local_module)?(?:\.main)?$`)

// BlockLabel returns what figures call a block: its stage, counted from 1 as in the paper,
// and its place among the stage's MBConvs or MSAs. A stage begins with MBConvs; in a stage
// with attention each further position is a module of an MSA and an MBConv. Any other name
// is returned without "backbone.".
func BlockLabel(name string) string {
	m := blockParts.FindStringSubmatch(name)
	if m == nil {
		return BlockName(name)
	}
	at, _ := strconv.Atoi(m[3]) // the expression matches digits alone
	switch {
	case m[1] == "input_stem":
		return fmt.Sprintf("stem, DSConv %d", at) // position 0 is the stem's convolution
	case m[1] == "head.middle":
		return fmt.Sprintf("head, MBConv %d", at+1)
	}
	stage, _ := strconv.Atoi(m[2])
	if m[4] == ".context_module" {
		return fmt.Sprintf("stage %d, MSA %d", stage+1, at) // position 0 is an MBConv
	}
	return fmt.Sprintf("stage %d, MBConv %d", stage+1, at+1)
}

// BlockTitle returns the label of a block, and in parentheses the name by which a caller
// chooses it.
func BlockTitle(name string) string {
	if label := BlockLabel(name); label != BlockName(name) {
		return fmt.Sprintf("%s (%s)", label, BlockName(name))
	}
	return BlockName(name)
}

// The layers of a standard ViT, which have labels and no roles. Those that do what an
// EfficientViT's do have its colours.
var vitColors = map[string]string{
	"patch embedding": Brown, "qkv": Mauve, "QKT": Wine, "softmax": Indigo, "AV": Mint, "proj": Sky,
	"MLP 1": Blue, "MLP 2": Green, "GELU": Lime, "classifier": Purple,
}

// LabelColor returns the colour of an operation by its label.
func LabelColor(label string) string {
	if r := roleNamed(label); r != efficientvit.NoRole {
		return RoleColor(r)
	}
	if c, ok := vitColors[label]; ok {
		return c
	}
	return Shade
}

// The colours of what more than one figure shows, beside roles.
const (
	MatColor      = Blue       // colour of MAT, which runs pointwise convolutions
	RmacColor     = Vermillion // colour of R-MAC, which alone runs depthwise convolutions
	ComputedColor = Blue
	PrintedColor  = Faint
	MaximumColor  = Blue
	MinimumColor  = Vermillion
	CountColor    = Green // colour of counts and shares of values
	UniformColor  = Vermillion
	Log2Color     = Blue
)

// KindOf says what a block is called: MSA, MBConv, DSConv, or the role of its first
// operation that has one.
func KindOf(ops []efficientvit.Op) string {
	has := func(role efficientvit.Role) bool {
		return slices.ContainsFunc(ops, func(op efficientvit.Op) bool { return op.Role == role })
	}
	switch {
	case has(efficientvit.QKV):
		return "MSA"
	case has(efficientvit.PW1):
		return "MBConv"
	case has(efficientvit.DSConvDW):
		return "DSConv"
	}
	for _, op := range ops {
		if op.Role != efficientvit.NoRole {
			return op.Role.String()
		}
	}
	return ops[0].Kind.String()
}

// BlockName returns the name of a block, or of an operation outside of blocks, as a caller
// may type it.
func BlockName(name string) string { return strings.TrimPrefix(name, "backbone.") }
