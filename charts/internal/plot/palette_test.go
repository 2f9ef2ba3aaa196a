// SPDX-License-Identifier: Apache-2.0

package plot

import (
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// visions turn linear colours into what readers see: all of them, without the cones for
// long waves, without those for middle ones (Machado, Oliveira and Fernandes 2009,
// severity 1).
var visions = map[string][3][3]float64{
	"trichromat":   {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	"protanopia":   {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
	"deuteranopia": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
}

func times3(m [3][3]float64, v [3]float64) (r [3]float64) {
	for i := range 3 {
		for j := range 3 {
			r[i] += m[i][j] * v[j]
		}
	}
	return r
}

// lab is a colour as a vision has it, in CIE 1976 L*a*b*, of white D65.
func lab(color string, vision [3][3]float64) [3]float64 {
	rgb := times3(vision, linear(color))
	for i := range rgb {
		rgb[i] = min(1, max(0, rgb[i]))
	}
	xyz := times3([3][3]float64{{0.4124564, 0.3575761, 0.1804375}, {0.2126729, 0.7151522, 0.0721750}, {0.0193339, 0.1191920, 0.9503041}}, rgb)
	f := func(t float64) float64 {
		if t > 0.008856 {
			return math.Cbrt(t)
		}
		return 7.787*t + 16.0/116
	}
	x, y, z := f(xyz[0]/0.95047), f(xyz[1]), f(xyz[2]/1.08883)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

// TestHues: any two colours that tell things apart, and each and the background, are 25
// units of CIE 1976 apart, ten times what is just seen, for every vision.
func TestHues(t *testing.T) {
	for name, colors := range Themes {
		for vision, m := range visions {
			all := append([]string{Ground}, hues[:]...)
			for i, a := range all {
				for _, b := range all[:i] {
					p, q := lab(colors[a], m), lab(colors[b], m)
					if d := math.Hypot(math.Hypot(p[0]-q[0], p[1]-q[1]), p[2]-q[2]); d < 25 {
						t.Errorf("%s theme, %s: %s and %s are %.1f apart, need 25", name, vision, a, b, d)
					}
				}
			}
		}
	}
}

// TestTextsAreReadable holds texts against what is behind them: 4.5 is WCAG's least
// ratio for small text, 3 that for large text and for graphics.
func TestTextsAreReadable(t *testing.T) {
	for name, colors := range Themes {
		for _, text := range []string{Ink, Faint} {
			if c := contrast(luminance(colors[text]), luminance(colors[Ground])); c < 4.5 {
				t.Errorf("%s theme: %s on the background has a contrast of %.1f", name, text, c)
			}
		}
		for _, h := range hues {
			if c := contrast(luminance(colors.Value(OnColor(h))), luminance(colors[h])); c < 4 {
				t.Errorf("%s theme: text on %s has a contrast of %.1f", name, h, c)
			}
		}
	}
}

// TestThemesHaveTheSameColors: a name in one theme is in all.
func TestThemesHaveTheSameColors(t *testing.T) {
	for name, colors := range Themes {
		if len(colors) != len(Themes["light"]) {
			t.Errorf("the %s theme has %d colours, light %d", name, len(colors), len(Themes["light"]))
		}
		seen := map[string]string{}
		for c, v := range colors {
			if other, ok := seen[v]; ok {
				t.Errorf("%s theme: %s and %s are both %s", name, c, other, v)
			}
			seen[v] = c
			if _, ok := Themes["light"][c]; !ok || !regexp.MustCompile(`^#[0-9A-F]{6}$`).MatchString(v) {
				t.Errorf("%s theme: %s is %q", name, c, v)
			}
		}
	}
}

// TestRoleStyles: operations that run on engines have a colour, and two of them one
// colour only where they are steps of one thing.
func TestRoleStyles(t *testing.T) {
	family := map[string]string{}
	labels := map[string]bool{}
	for role := efficientvit.Stem; role <= efficientvit.HeadOutput; role++ {
		s, ok := roleStyles[role]
		if !ok {
			continue
		}
		if labels[s.label] {
			t.Errorf("two roles are called %q", s.label)
		}
		labels[s.label] = true
		if roleNamed(role.String()) != role || roleNamed(s.label) != role {
			t.Errorf("%s is not found by its names %q and %q", role, role.String(), s.label)
		}
		of := map[efficientvit.Role]string{efficientvit.SumK: "KᵀV", efficientvit.Attention: "dividend"}[role]
		if of == "" {
			of, _, _ = strings.Cut(s.label, " ")
		}
		if other, taken := family[s.color]; taken && other != of {
			t.Errorf("%s of %s has the colour of %s", role, of, other)
		}
		family[s.color] = of
	}
	if got, want := PlainRoles("DW + PW2"), "DW + PW2"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := PlainRoles("KTV"), "KᵀV"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if LabelColor("DW + PW2") != RoleColor(efficientvit.DW) || LabelColor("nothing") != Shade {
		t.Error("a fused step has its first operation's colour, what is unknown none")
	}
}
