// SPDX-License-Identifier: Apache-2.0

package quant

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/png"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// Pictures are pictures side by side, each with a caption: a network's input and its
// answers.
type Pictures struct {
	Title    string
	Captions []string
	Images   []image.Image
	// Legend names the classes that occur in the maps of classes.
	Legend []dataset.Class
}

// Add appends a picture with its caption.
func (p *Pictures) Add(caption string, m image.Image) {
	p.Captions = append(p.Captions, caption)
	p.Images = append(p.Images, m)
}

// AddPixels appends an RGB picture, [h, w, 3], with its caption.
func (p *Pictures) AddPixels(caption string, m *preprocess.RGB) {
	img := image.NewRGBA(image.Rect(0, 0, m.W, m.H))
	for i := range m.W * m.H {
		copy(img.Pix[4*i:4*i+3], m.Pix[3*i:3*i+3])
		img.Pix[4*i+3] = 255
	}
	p.Add(caption, img)
}

// AddClasses appends a map of classes, [h, w], in the colours of a palette;
// pixels that are ignored are black.
func (p *Pictures) AddClasses(caption string, classes []uint8, w, h int, palette []dataset.Class) {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i, c := range classes {
		shown := color.RGBA{A: 255}
		if int(c) < len(palette) {
			shown = palette[c].Color
			p.mention(palette[c])
		}
		img.SetRGBA(i%w, i/w, shown)
	}
	p.Add(caption, img)
}

// mention appends a class to the legend unless the legend has it.
func (p *Pictures) mention(c dataset.Class) {
	if !slices.Contains(p.Legend, c) {
		p.Legend = append(p.Legend, c)
	}
}

// String is the title with the captions.
func (p *Pictures) String() string { return p.Title + ": " + strings.Join(p.Captions, " | ") + "\n" }

// HTML returns the pictures as PNG images in one row that wraps.
func (p *Pictures) HTML() (string, error) {
	var s strings.Builder
	fmt.Fprintf(&s, `<div style="font-family:sans-serif"><b>%s</b><div style="display:flex;flex-wrap:wrap;gap:8px">`, html.EscapeString(p.Title))
	for i, m := range p.Images {
		var file bytes.Buffer
		if err := png.Encode(&file, m); err != nil {
			return "", fmt.Errorf("charts: picture %q: %w", p.Captions[i], err)
		}
		caption := html.EscapeString(p.Captions[i])
		fmt.Fprintf(&s, `<figure style="margin:0"><img alt="%s" width="290" src="data:image/png;base64,%s"><figcaption style="font-size:12px">%s</figcaption></figure>`,
			caption, base64.StdEncoding.EncodeToString(file.Bytes()), caption)
	}
	s.WriteString(`</div><div style="font-size:12px;margin-top:4px">`)
	for _, c := range p.Legend {
		fmt.Fprintf(&s, `<span style="white-space:nowrap;margin-right:12px"><span style="display:inline-block;width:10px;height:10px;margin-right:4px;background:rgb(%d,%d,%d)"></span>%s</span> `,
			c.Color.R, c.Color.G, c.Color.B, html.EscapeString(c.Name))
	}
	s.WriteString("</div></div>")
	return s.String(), nil
}
