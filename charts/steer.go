// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"
	"slices"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"
)

// A Control is one choice that a reader of a figure has: the number of bits, say, or the
// block that is drawn.
type Control struct {
	// Name stands beside the control.
	Name string
	// Positions are the choices as the reader sees them, in order.
	Positions []string
	// At is the index of the position that the figure starts at.
	At int
}

// Steer shows the figure that draw makes of one position of each control, in the order
// of the controls. Three figures are shown, for the first, the starting and the last
// position of the first control; the other controls stay where they start.
func Steer(draw func(at []int) (*Figure, error), controls ...Control) error {
	if len(controls) == 0 {
		return fmt.Errorf("charts: a figure is steered by one control or more, none was given")
	}
	var start []int
	for _, c := range controls {
		if c.At < 0 || c.At >= len(c.Positions) {
			return fmt.Errorf("charts: control %q starts at position %d of %d", c.Name, c.At, len(c.Positions))
		}
		start = append(start, c.At)
	}
	first := []int{0, controls[0].At, len(controls[0].Positions) - 1}
	for _, p := range slices.Compact(first) {
		at := slices.Clone(start)
		at[0] = p
		if err := Show(draw(at)); err != nil {
			return err
		}
	}
	return nil
}

// Markdown displays a text with numbers that a cell has computed, formatted as by
// [fmt.Sprintf]. In a program that no notebook started it prints the text.
func Markdown(format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if !gonbui.IsNotebook {
		_, err := fmt.Println(text)
		return err
	}
	return send(map[protocol.MIMEType]any{protocol.MIMETextMarkdown: text, protocol.MIMETextPlain: text})
}
