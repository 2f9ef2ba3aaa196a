// SPDX-License-Identifier: Apache-2.0

package tables

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"math"
	"strconv"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/internal/jsonfloat"
	"github.com/gotriovit/gotriovit/internal/paper"
	"github.com/gotriovit/gotriovit/triovit"
)

// The origins of a number in a CSV file.
const (
	computed = "computed"
	printed  = "printed"
)

// WriteCSV writes a line for each number: the computed scores by draw, and the printed
// numbers by network, with mark and source. Scores and differences are percent, times
// seconds. A cell is empty where there is no number.
func (t *Table) WriteCSV(w io.Writer) error {
	records := [][]string{append([]string{"source", "row", "recipe", "of"}, append(scoreColumns, "mark", "note")...)}
	for i := range t.Rows {
		r := &t.Rows[i]
		for draw, s := range r.Scores {
			of, note := t.drawn(draw), s.Unscored
			if r.float() {
				of = ""
			}
			records = append(records, append(append([]string{computed, r.Name, r.Recipe.Name, of}, s.record()...), "", note))
		}
	}
	for i := range t.Contrasts {
		c := &t.Contrasts[i]
		for draw, p := range c.Differences {
			s := Score{Score: noEstimate}
			if p != nil {
				s.Score = p.Difference
			}
			records = append(records, append(append([]string{computed, c.Name, "", t.drawn(draw)}, s.record()...), "", c.Second+" minus "+c.First))
		}
	}
	for _, r := range t.printed() {
		for i, c := range r.Cells {
			number := ""
			if c.Known() {
				number = strconv.FormatFloat(c.Value, 'f', -1, 64) // a NaN is printed as in the paper
			}
			cells := make([]string, len(scoreColumns))
			cells[0] = number
			records = append(records, append(append([]string{printed, r.Name, "", t.Columns[i]}, cells...), string(c.Mark), c.Source))
		}
	}
	return csv.NewWriter(w).WriteAll(records)
}

// scoreColumns name the cells of a score's record.
var scoreColumns = []string{"percent", "low", "high", "minus_float", "minus_low", "minus_high", "calibration_s", "observed_earlier"}

// record returns the score in CSV. The float network, which is not calibrated, has no
// time.
func (s Score) record() []string {
	d := noEstimate
	if s.AgainstFloat != nil {
		d = s.AgainstFloat.Difference
	}
	record := make([]string, 0, len(scoreColumns))
	for _, x := range []float64{s.Score.Value, s.Score.Lo, s.Score.Hi, d.Value, d.Lo, d.Hi} {
		text := ""
		if !math.IsNaN(x) {
			text = strconv.FormatFloat(100*x, 'g', -1, 64)
		}
		record = append(record, text)
	}
	if s.Timing == (calib.Timing{}) {
		return append(record, "", "")
	}
	return append(record, strconv.FormatFloat(s.Timing.Total().Seconds(), 'g', -1, 64), strconv.FormatBool(s.Timing.Cached))
}

var noEstimate = triovit.Estimate{Value: math.NaN(), Lo: math.NaN(), Hi: math.NaN()}

// printed returns the paper's rows: those beside computed rows, and those beside none.
func (t *Table) printed() []paper.Row {
	var all []paper.Row
	for i := range t.Rows {
		all = append(all, paper.Row{Name: t.Rows[i].Name, Cells: t.Rows[i].Beside})
	}
	for i := range t.Contrasts {
		all = append(all, paper.Row{Name: t.Contrasts[i].Name, Cells: t.Contrasts[i].Beside})
	}
	return append(all, t.Unpaired...)
}

// The JSON forms of the parts of tables and sweeps.
type (
	settingJSON struct {
		Calibration       string   `json:"calibration"`
		CalibrationImages int      `json:"calibration_images"`
		Draws             int      `json:"draws"`
		Pictures          int      `json:"images_of_a_draw,omitempty"`
		Seed              uint64   `json:"seed"`
		Evaluation        string   `json:"evaluation"`
		EvaluationImages  int      `json:"evaluation_images"`
		Remarks           []string `json:"remarks,omitempty"`
	}
	recipeJSON struct {
		Name string `json:"name"`
		Text string `json:"text"`
	}
	scoreJSON struct {
		Drawn           string            `json:"drawn,omitempty"`
		Score           *triovit.Estimate `json:"score"` // null where there is no score
		AgainstFloat    *triovit.Paired   `json:"against_float,omitempty"`
		Unscored        string            `json:"unscored,omitempty"`
		Seconds         float64           `json:"calibration_seconds,omitempty"`
		ObservedEarlier bool              `json:"observed_earlier,omitempty"`
	}
	spreadJSON struct {
		Draws     int             `json:"draws"`
		Mean      jsonfloat.Float `json:"mean"`
		Deviation jsonfloat.Float `json:"deviation"`
	}
	widthJSON struct {
		Class string   `json:"class"`
		Roles []string `json:"roles"`
		Bits  int      `json:"bits"`
		Grid  string   `json:"grid"`
		Names []string `json:"names"`
	}
	rowJSON struct {
		Name   string      `json:"name"`
		Recipe *recipeJSON `json:"recipe,omitempty"`
		Scores []scoreJSON `json:"scores"`
		Spread *spreadJSON `json:"spread,omitempty"`
		Minus  *spreadJSON `json:"minus_float,omitempty"`
		Others []widthJSON `json:"other_widths,omitempty"`
	}
	contrastJSON struct {
		Name        string            `json:"name"`
		First       string            `json:"first"`
		Second      string            `json:"second"`
		Differences []*triovit.Paired `json:"differences"`
		Spread      *spreadJSON       `json:"spread,omitempty"`
	}
	cellJSON struct {
		Network string          `json:"network"`
		Percent jsonfloat.Float `json:"percent"`
		Mark    paper.Mark      `json:"mark"`
		Source  string          `json:"source"`
	}
	printedJSON struct {
		Row   string     `json:"row"`
		Cells []cellJSON `json:"cells"`
	}
)

// MarshalJSON writes the table, with computed and printed numbers apart. Scores and
// differences are fractions. Printed numbers are percent, with their marks; a number that
// is unknown, or that the paper prints as NaN, is null.
func (t *Table) MarshalJSON() ([]byte, error) {
	spread := func(s Spread) *spreadJSON {
		if t.Draws < 2 {
			return nil
		}
		return s.json()
	}
	var rows []rowJSON
	for i := range t.Rows {
		r := &t.Rows[i]
		row := rowJSON{Name: r.Name}
		for draw, s := range r.Scores {
			row.Scores = append(row.Scores, s.json(t.drawn(draw)))
		}
		if r.float() {
			row.Scores[0].Drawn = ""
		} else {
			row.Recipe = recipeOf(r.Recipe)
			row.Spread, row.Minus = spread(r.Spread()), spread(r.Against())
		}
		for _, p := range r.Others {
			w := widthJSON{Class: p.Class, Bits: p.Bits, Grid: p.Grid, Names: p.Names}
			for _, role := range p.Roles {
				w.Roles = append(w.Roles, role.String())
			}
			row.Others = append(row.Others, w)
		}
		rows = append(rows, row)
	}
	var contrasts []contrastJSON
	for i := range t.Contrasts {
		c := &t.Contrasts[i]
		contrasts = append(contrasts, contrastJSON{c.Name, c.First, c.Second, c.Differences, spread(c.Spread())})
	}
	var all []printedJSON
	for _, r := range t.printed() {
		line := printedJSON{Row: r.Name}
		for i, c := range r.Cells {
			line.Cells = append(line.Cells, cellJSON{t.Columns[i], jsonfloat.Float(c.Value), c.Mark, c.Source})
		}
		all = append(all, line)
	}
	return json.Marshal(struct {
		Table     string         `json:"table"`
		About     string         `json:"about"`
		Network   string         `json:"network"`
		Source    string         `json:"source"`
		Metric    string         `json:"metric"`
		Setting   settingJSON    `json:"pictures"`
		Computed  []rowJSON      `json:"computed"`
		Contrasts []contrastJSON `json:"differences,omitempty"`
		What      string         `json:"printed_metric"`
		Printed   []printedJSON  `json:"printed"`
		Missing   string         `json:"not_at_hand,omitempty"`
		Notes     []string       `json:"notes,omitempty"`
	}{t.Number, t.About, t.Network, t.Source, t.Metric, settingJSON(t.Setting), rows, contrasts, t.Printed, all, t.Missing, t.Notes})
}

func recipeOf(r calib.Recipe) *recipeJSON { return &recipeJSON{r.Name, r.String()} }

func (s Score) json(drawn string) scoreJSON {
	out := scoreJSON{Drawn: drawn, AgainstFloat: s.AgainstFloat, Unscored: s.Unscored, Seconds: s.Timing.Total().Seconds(), ObservedEarlier: s.Timing.Cached}
	if s.Unscored == "" {
		out.Score = &s.Score
	}
	return out
}

func (s Spread) json() *spreadJSON {
	return &spreadJSON{s.Draws, jsonfloat.Float(s.Mean), jsonfloat.Float(s.Deviation)}
}
