// SPDX-License-Identifier: Apache-2.0

package efficientvit

import (
	"fmt"
	"strings"
)

// Identify returns the variant whose first and last layers have the shapes of these
// parameters, at its smallest resolution, and the number of classes. The parameters
// have the official names.
func Identify(shapes map[string][]int) (name string, classes int, err error) {
	stem := shapes[OfficialStem]
	if len(stem) == 0 {
		return "", 0, fmt.Errorf("no tensor %s: not the weights of an EfficientViT of the B series", OfficialStem)
	}
	for b, spec := range backbones {
		if spec.widths[0] != stem[0] {
			continue
		}
		for _, head := range []struct{ last, variant string }{
			{"head.op_list.3.linear.weight", "efficientvit-" + b + "-r224"},
			{"head.output_ops.0.op_list.1.conv.weight", "efficientvit-seg-" + b + "-cityscapes"},
			{"head.output_ops.0.op_list.0.conv.weight", "efficientvit-seg-" + b + "-ade20k"},
		} {
			if last := shapes[head.last]; len(last) > 0 {
				if _, err := Describe(head.variant); err != nil {
					break
				}
				return head.variant, last[0], nil
			}
		}
	}
	return "", 0, fmt.Errorf("the weights have a stem of %d channels and no head that is known: have %s", stem[0], strings.Join(Variants(), ", "))
}
