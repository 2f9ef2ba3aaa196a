// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"
	"strings"
	"testing"

	"github.com/janpfeifer/gonb/gonbui/protocol"

	"github.com/gotriovit/gotriovit/table"
)

func control(positions, at int) Control {
	c := Control{Name: "bits", At: at}
	for i := range positions {
		c.Positions = append(c.Positions, fmt.Sprint(i))
	}
	return c
}

// TestSteered: every combination of positions is drawn once, the last control's changing
// fastest, and three pictures stand for the first control.
func TestSteered(t *testing.T) {
	var drawn []string
	bundle, err := steered(func(at []int) (*Figure, error) {
		drawn = append(drawn, fmt.Sprint(at))
		return NewFigure(fmt.Sprint(at), 300, 200, map[string]any{"title": map[string]any{"text": fmt.Sprint(at)}}, table.Table{})
	}, []Control{control(4, 1), control(2, 0)})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(drawn, ""), "[0 0][0 1][1 0][1 1][2 0][2 1][3 0][3 1]"; got != want {
		t.Errorf("drawn %s, want %s", got, want)
	}
	page := bundle[protocol.MIMETextHTML].(string)
	for _, title := range []string{"[0 0]", "[1 0]", "[3 0]"} {
		if !strings.Contains(page, `alt="`+title+`"`) {
			t.Errorf("no picture of %s", title)
		}
	}
	if n := strings.Count(page, "<img "); n != 3 {
		t.Errorf("%d pictures, want 3", n)
	}
	if strings.Contains(page, "%!") {
		t.Errorf("a verb without a value: %s", page)
	}
}

func TestControls(t *testing.T) {
	for name, test := range map[string]struct {
		controls []Control
		want     string
	}{
		"none":       {nil, "one control or more"},
		"no choice":  {[]Control{control(0, 0)}, "position 0 of 0"},
		"before":     {[]Control{control(3, -1)}, "position -1 of 3"},
		"behind":     {[]Control{control(3, 3)}, "position 3 of 3"},
		"too many":   {[]Control{control(30, 0), control(30, 0)}, "more than 512 positions"},
		"as many":    {[]Control{control(16, 0), control(32, 0)}, ""},
		"one choice": {[]Control{control(1, 0)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := checkControls(test.controls)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

// TestSteerFixedPicture: a figure that is a fixed picture is steered too.
func TestSteerFixedPicture(t *testing.T) {
	f := &Figure{title: "fixed", width: 10, height: 10, picture: []byte("<svg/>")}
	if got, err := f.drawing(); err != nil || string(got) != `"\u003csvg/\u003e"` {
		t.Errorf("%s, %v", got, err)
	}
}

// TestOptionIsBounded: a figure of more data than a screen can show is refused.
func TestOptionIsBounded(t *testing.T) {
	for name, test := range map[string]struct {
		bytes int
		ok    bool
	}{"as large as allowed": {maxOption - 2, true}, "larger": {maxOption - 1, false}} { // two quotes are added
		if _, err := NewFigure("t", 10, 10, strings.Repeat("a", test.bytes), table.Table{}); (err == nil) != test.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
