// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/charts/internal/plot"
	"github.com/gotriovit/gotriovit/internal/atomicfile"
	"github.com/gotriovit/gotriovit/internal/cache"
	"github.com/gotriovit/gotriovit/table"
)

// A Figure is one finished drawing: an ECharts option, the size it was laid out for, and
// the table it was drawn from. It does not change.
type Figure struct {
	title         string
	width, height int
	option        []byte // canonical JSON, nil for a figure that is a fixed picture
	picture       []byte // the SVG of a fixed picture, nil for other figures
	// details is a JSON list of options, nil for none. A click on an item of a series adds
	// the option whose index is the item's "detail" to the drawing.
	details []byte
	table   table.Table
	// beside compares a figure of the paper with the paper's own, in words.
	beside string
}

// maxOption bounds a figure's option in bytes. Data is capped and binned before it is
// drawn, so that a notebook does not store more points than a screen can show.
const maxOption = 4 << 20

// NewFigure returns the figure of an ECharts option, which has a size in pixels and
// colours by the names of the themes. The figure has the colours of the theme that the
// environment names. An option of more than 4 MB is an error. The title becomes the
// table's too.
func NewFigure(title string, width, height int, option any, t table.Table) (*Figure, error) {
	colors, err := plot.ChosenTheme()
	if err != nil {
		return nil, fmt.Errorf("charts: figure %q: %w", title, err)
	}
	b, err := canonical(option, colors)
	if err != nil {
		return nil, fmt.Errorf("charts: figure %q: %w", title, err)
	}
	if len(b) > maxOption {
		return nil, fmt.Errorf("charts: figure %q: an option of %d bytes, allowed are %d", title, len(b), maxOption)
	}
	t.Title, t.LeftText = title, true
	return &Figure{title: title, width: width, height: height, option: b, table: t}, nil
}

// Answering returns the figure with details. A click on an item of a series adds the
// option whose index in details is the item's "detail" to the live figure.
func (f *Figure) Answering(details []any) (*Figure, error) {
	colors, err := plot.ChosenTheme()
	if err != nil {
		return nil, fmt.Errorf("charts: figure %q: %w", f.title, err)
	}
	b, err := canonical(details, colors)
	if err != nil {
		return nil, fmt.Errorf("charts: details of figure %q: %w", f.title, err)
	}
	answering := *f
	answering.details = b
	return &answering, nil
}

// Title returns the sentence at the top of the figure, which states the finding.
func (f *Figure) Title() string { return f.title }

// Beside returns, for a figure of the paper, a sentence on its agreement and disagreement
// with the paper's; it is empty for any other figure. Its numbers are computed, or the
// paper's.
func (f *Figure) Beside() string { return f.beside }

// Against returns the figure with the sentence for [Figure.Beside], formatted as by
// [fmt.Sprintf].
func (f *Figure) Against(format string, args ...any) *Figure {
	compared := *f
	compared.beside = fmt.Sprintf(format, args...)
	return &compared
}

// Size returns the width and the height in pixels.
func (f *Figure) Size() (width, height int) { return f.width, f.height }

// Table returns the data behind the figure, exact where the drawing is binned.
func (f *Figure) Table() table.Table { return f.table }

// ID returns an identifier made from the figure's content: equal figures have
// equal ids, in every process and on every machine.
func (f *Figure) ID() string {
	h := sha256.New()
	h.Write(f.option)
	h.Write(f.picture)
	h.Write(f.details)
	return "gotriovit-" + hex.EncodeToString(h.Sum(nil)[:6])
}

// Option returns the ECharts option as canonical JSON: sorted keys, no null members,
// floats rounded to six significant digits. The SVG and the live chart are drawn from it.
// It is null for a figure that is a fixed picture.
func (f *Figure) Option() []byte {
	if f.option == nil {
		return []byte("null")
	}
	return bytes.Clone(f.option)
}

// Details returns the details of [Figure.Answering] as JSON, nil for a figure without
// details.
func (f *Figure) Details() []byte { return bytes.Clone(f.details) }

// SVG returns the figure as drawn by Apache ECharts, without a browser. A drawing is
// cached under the hash of the option, the size and ECharts itself. The error names the
// runtime file where it is missing.
func (f *Figure) SVG() ([]byte, error) {
	if f.picture != nil {
		return bytes.Clone(f.picture), nil
	}
	return drawn(cache.Open(""), f.option, f.width, f.height)
}

// CSV returns the table as [table.Table.CSV] does.
func (f *Figure) CSV() ([]byte, error) { return f.table.CSV() }

// JSON returns the table as [table.Table.JSON] does.
func (f *Figure) JSON() ([]byte, error) { return f.table.JSON() }

// Save writes the figure in the form of the extension: .svg, .html (the live chart with
// the runtime in one file, without network access), .csv or .json.
func (f *Figure) Save(path string) error {
	var (
		b   []byte
		err error
	)
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".svg":
		b, err = f.SVG()
	case ".html":
		b, err = f.page()
	case ".csv":
		b, err = f.CSV()
	case ".json":
		b, err = f.JSON()
	default:
		return fmt.Errorf("charts: save %s: extension %q, allowed are .svg .html .csv .json", path, ext)
	}
	if err != nil {
		return err
	}
	if err := atomicfile.WriteData(path, b); err != nil {
		return fmt.Errorf("charts: save figure: %w", err)
	}
	return nil
}

// textRows is the largest number of a table's rows in the plain text of a figure.
const textRows = 12

// String returns the plain-text form: the title and the head of the table.
func (f *Figure) String() string {
	t := f.table
	if rest := len(t.Rows) - textRows; rest > 0 {
		t.Rows = t.Rows[:textRows]
		t.Notes = append(slices.Clone(t.Notes), fmt.Sprintf("... and %d more rows: see CSV or JSON", rest))
	}
	return t.String()
}

// significant is the number of digits that an option keeps of a float: more
// than a screen can show, fewer than two machines may differ in.
const significant = 6

// canonical returns the canonical JSON of an option, in the colours of a theme.
func canonical(option any, colors plot.Theme) ([]byte, error) {
	raw, err := json.Marshal(option)
	if err != nil {
		return nil, err
	}
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return nil, err
	}
	return json.Marshal(canonicalTree(tree, colors))
}

func canonicalTree(node any, colors plot.Theme) any {
	switch n := node.(type) {
	case map[string]any:
		for key, child := range n {
			if child == nil {
				delete(n, key)
				continue
			}
			n[key] = canonicalTree(child, colors)
		}
	case []any:
		for i, child := range n {
			n[i] = canonicalTree(child, colors)
		}
	case string:
		return colors.Value(n)
	case float64:
		return round(n)
	}
	return node
}

// round returns an integer as it is, and any other number with six significant digits.
func round(v float64) float64 {
	if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		return v + 0 // -0 becomes 0
	}
	return plot.Rounded(v, significant)
}
