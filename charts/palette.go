// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// A style is the label and the colour that a role has in every figure.
type style struct{ label, color string }

// roleStyles has the label and the colour of each role. Steps of one thing share its
// colour, and the labels tell them apart.
var roleStyles = map[efficientvit.Role]style{
	efficientvit.Stem:       {"stem", brown},
	efficientvit.DSConvDW:   {"DSConv DW", lime},
	efficientvit.DSConvPW:   {"DSConv PW", lime},
	efficientvit.PW1:        {"PW1", blue},
	efficientvit.DW:         {"DW", vermillion},
	efficientvit.PW2:        {"PW2", green},
	efficientvit.QKV:        {"qkv", mauve},
	efficientvit.AggDW:      {"aggregation DW", yellow},
	efficientvit.AggPW:      {"aggregation PW", yellow},
	efficientvit.KTV:        {"KᵀV", wine},
	efficientvit.SumK:       {"ΣK", wine},
	efficientvit.Divisor:    {"divisor", indigo},
	efficientvit.Dividend:   {"dividend", mint},
	efficientvit.Attention:  {"quotient", mint},
	efficientvit.Proj:       {"proj", sky},
	efficientvit.HeadInput:  {"head input", purple},
	efficientvit.HeadOutput: {"head output", purple},
}

// RoleLabel returns what figures call a role: the paper's word for it.
func RoleLabel(r efficientvit.Role) string {
	if s, ok := roleStyles[r]; ok {
		return s.label
	}
	return r.String()
}

// roleColor returns the colour of a role, [shade] for one that has none.
func roleColor(r efficientvit.Role) string {
	if s, ok := roleStyles[r]; ok {
		return s.color
	}
	return shade
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

// plainRoles returns a report's label of one role or several with the labels that figures
// have for these roles.
func plainRoles(label string) string {
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

// blockLabel returns what figures call a block: its stage, counted from 1 as in the paper,
// and its place among the stage's MBConvs or MSAs. A stage begins with MBConvs; in a stage
// with attention each further position is a module of an MSA and an MBConv. Any other name
// is returned without "backbone.".
func blockLabel(name string) string {
	m := blockParts.FindStringSubmatch(name)
	if m == nil {
		return blockName(name)
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

// blockTitle returns the label of a block, and in parentheses the name by which a caller
// chooses it.
func blockTitle(name string) string {
	if label := blockLabel(name); label != blockName(name) {
		return fmt.Sprintf("%s (%s)", label, blockName(name))
	}
	return blockName(name)
}

// The layers of a standard ViT, which have labels and no roles. Those that do what an
// EfficientViT's do have its colours.
var vitColors = map[string]string{
	"patch embedding": brown, "qkv": mauve, "QKT": wine, "softmax": indigo, "AV": mint, "proj": sky,
	"MLP 1": blue, "MLP 2": green, "GELU": lime, "classifier": purple,
}

// labelColor returns the colour of an operation by its label.
func labelColor(label string) string {
	if r := roleNamed(label); r != efficientvit.NoRole {
		return roleColor(r)
	}
	if c, ok := vitColors[label]; ok {
		return c
	}
	return shade
}

// The colours of what more than one figure shows, beside roles.
const (
	matColor      = blue       // colour of MAT, which runs pointwise convolutions
	rmacColor     = vermillion // colour of R-MAC, which alone runs depthwise convolutions
	computedColor = blue
	printedColor  = faint
	floatColor    = faint
	maximumColor  = blue
	minimumColor  = vermillion
	countColor    = green // colour of counts and shares of values
	uniformColor  = vermillion
	log2Color     = blue
)

// causeColors are the colours of the causes that cycles go to, by the event-driven model's
// names.
var causeColors = map[string]string{
	busyCause: green, "imbalance": vermillion, "no work": mauve, "rounding of lanes": sky, "rounding of MACs": indigo,
	"stream": yellow, "partner": wine, "channels": lime, "weight load": brown, "input load": mint, "pipeline fill": purple,
}

// causeColor returns the colour of a cause, [shade] for one that is rare.
func causeColor(name string) string {
	if c, ok := causeColors[name]; ok {
		return c
	}
	return shade
}
