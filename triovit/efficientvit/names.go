// SPDX-License-Identifier: Apache-2.0

package efficientvit

import "strings"

// timmPrefixes lists timm's names for the modules of MIT's code
// (timm/models/efficientvit_mit.py).
var timmPrefixes = []struct{ timm, official string }{
	{"stem.in_conv.", "backbone.input_stem.op_list.0."},
	{"head.in_conv.", "head.op_list.0."},
	{"head.classifier.0.", "head.op_list.2.linear."},
	{"head.classifier.1.", "head.op_list.2.norm."},
	{"head.classifier.4.", "head.op_list.3.linear."},
}

// The official name and timm's name of the first convolution's weights. A checkpoint
// has one of the two.
const (
	OfficialStem = "backbone.input_stem.op_list.0.conv.weight"
	TimmStem     = "stem.in_conv.conv.weight"
)

// OfficialName returns the official name of the parameter that timm calls name.
func OfficialName(name string) string {
	for _, p := range timmPrefixes {
		if rest, ok := strings.CutPrefix(name, p.timm); ok {
			return p.official + rest
		}
	}
	if rest, ok := strings.CutPrefix(name, "stem.res"); ok {
		// stem.res0 is the first block after the first convolution.
		if i, tail, ok := strings.Cut(rest, "."); ok && len(i) == 1 && i[0] >= '0' && i[0] < '9' {
			return "backbone.input_stem.op_list." + string(i[0]+1) + "." + tail
		}
	}
	if rest, ok := strings.CutPrefix(name, "stages."); ok {
		return "backbone.stages." + strings.Replace(rest, ".blocks.", ".op_list.", 1)
	}
	return name
}
