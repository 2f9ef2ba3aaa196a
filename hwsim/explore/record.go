// SPDX-License-Identifier: Apache-2.0

package explore

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/internal/atomicfile"
	"github.com/gotriovit/gotriovit/internal/jsonfloat"
	"github.com/gotriovit/gotriovit/internal/jsonlist"
	"github.com/gotriovit/gotriovit/internal/regular"
	"github.com/gotriovit/gotriovit/triovit/shard"
)

// Format is the format's name at the start of a saved survey.
const Format = "gotriovit survey 1"

// A record is a survey in a file, for [ReadSurvey]. The JSON form of a survey is for
// people and other programs.
type record struct {
	Format     string      `json:"format"`
	Shard      shard.Shard `json:"shard"`
	Space      string      `json:"space"`
	Model      string      `json:"model"`
	Note       string      `json:"note"`
	Base       string      `json:"base"` // the base configuration as YAML
	Objectives objectives  `json:"objectives,omitempty"`
	Fields     fields      `json:"fields"`
	Tried      int         `json:"tried"`
	OverLimit  int         `json:"over_limit"`
	Refused    int         `json:"refused"`
	Refusal    string      `json:"first_refusal,omitempty"`
	Points     points      `json:"points"`
}

// A pointRecord is a [Point] in a file, without the fields that follow from its values.
type pointRecord struct {
	Workload  string          `json:"workload"`
	Values    values          `json:"values"`
	Model     string          `json:"model"`
	Scope     hwsim.Scope     `json:"scope"`
	Cycles    jsonfloat.Float `json:"cycles"`
	FPS       jsonfloat.Float `json:"fps"`
	GOPS      jsonfloat.Float `json:"gops"`
	Joules    jsonfloat.Float `json:"joules"`
	GOPSPerW  jsonfloat.Float `json:"gops_per_w"`
	Table     string          `json:"table,omitempty"`
	Source    string          `json:"source,omitempty"`
	Missing   string          `json:"missing,omitempty"`
	Uncounted string          `json:"uncounted,omitempty"`
	Host      int             `json:"host,omitempty"`
	Unknown   string          `json:"unknown,omitempty"`
}

// leastPoint is the least size in bytes of a point in a file: a list of more points than
// fit the file is refused before it is allocated.
const leastPoint = 128

type points []pointRecord

func (p *points) UnmarshalJSON(data []byte) error {
	return jsonlist.Unmarshal((*[]pointRecord)(p), data, '{', min(maxSize, len(data)/leastPoint))
}

type fields []string

func (f *fields) UnmarshalJSON(data []byte) error {
	return jsonlist.Unmarshal((*[]string)(f), data, '"', len(arch.Fields()))
}

type objectives []Objective

func (o *objectives) UnmarshalJSON(data []byte) error {
	return jsonlist.Unmarshal((*[]Objective)(o), data, '"', int(BRAMs)+1)
}

// values are a point's values on the axes: whole numbers, other numbers and words.
type values []any

func (v *values) UnmarshalJSON(data []byte) error {
	if n := bytes.Count(data, []byte(",")); n >= len(arch.Fields()) || len(data) > maxValues {
		return fmt.Errorf("%d values in %d bytes: allowed are %d, one for each field, in %d", n+1, len(data), len(arch.Fields()), maxValues)
	}
	if err := json.Unmarshal(data, (*[]any)(v)); err != nil {
		return err
	}
	for i, value := range *v {
		if x, ok := value.(float64); ok && x == math.Trunc(x) && math.Abs(x) < 1<<53 {
			(*v)[i] = int(x)
		}
	}
	return nil
}

// maxValues bounds the size of a point's values in a file, in bytes.
const maxValues = 1 << 10

// Save writes the survey to a file, which is complete or absent.
func (v *Survey) Save(path string) error {
	r := record{Format: Format, Shard: v.Shard, Space: v.Space, Model: v.Model, Note: v.Note, Base: string(v.Base.YAML()), Objectives: v.Objectives,
		Fields: v.Fields, Tried: v.Tried, OverLimit: v.OverLimit, Refused: v.Refused, Points: make(points, len(v.Points))}
	if v.Refusal != nil {
		r.Refusal = v.Refusal.Error()
	}
	for i := range v.Points {
		p := &v.Points[i]
		r.Points[i] = pointRecord{p.Workload, p.Values, p.Estimate.Model, p.Scope, jsonfloat.Float(p.Cycles), jsonfloat.Float(p.FPS), jsonfloat.Float(p.GOPS),
			jsonfloat.Float(p.Joules), jsonfloat.Float(p.GOPSPerW), p.Pricing.Table, p.Pricing.Source, p.Pricing.Missing, p.Pricing.Uncounted, p.Host, p.Unknown}
	}
	if err := atomicfile.WriteJSON(path, r, maxSurvey); err != nil {
		return fmt.Errorf("save survey %s: %w", path, err)
	}
	return nil
}

// maxSurvey bounds a survey's file, in bytes. A point takes 200 to 400 bytes.
const maxSurvey = 512 << 20

// ReadSurvey reads a survey that [Survey.Save] wrote. Errors of [Merge] name its file. The
// configuration, DSPs and block RAMs of a point follow from its values and are computed
// anew. A whole number is read as an int.
func ReadSurvey(path string) (*Survey, error) {
	v, err := regular.Parse(path, maxSurvey, "survey", `Survey.Save or "triovit explore -out"`, parse)
	if err != nil {
		return nil, err
	}
	v.file = path
	return v, nil
}

func parse(data []byte) (*Survey, error) {
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, err
	}
	if r.Format != Format {
		return nil, fmt.Errorf("the format is %.40q, want %q", r.Format, Format)
	}
	base, err := arch.Read("base", []byte(r.Base))
	if err != nil {
		return nil, err
	}
	v := &Survey{Model: r.Model, Note: r.Note, Base: base, Objectives: r.Objectives, Fields: r.Fields, Space: r.Space,
		Tried: r.Tried, OverLimit: r.OverLimit, Refused: r.Refused}
	if v.Shard, err = r.Shard.Checked(); err != nil {
		return nil, err
	}
	for _, count := range []int{r.Tried, r.OverLimit, r.Refused} {
		if count < 0 || count > maxSize {
			return nil, fmt.Errorf("%d combinations: allowed are 0 to %d", count, maxSize)
		}
	}
	if r.Tried != r.OverLimit+r.Refused+len(r.Points) {
		return nil, fmt.Errorf("%d combinations were tried, but %d are beyond the limits, %d refused and %d points", r.Tried, r.OverLimit, r.Refused, len(r.Points))
	}
	if r.Refusal != "" {
		v.Refusal = errors.New(r.Refusal)
	}
	for _, field := range r.Fields {
		if !slices.Contains(arch.Fields(), field) {
			return nil, fmt.Errorf("no field %.40q", field)
		}
	}
	v.Points = slices.Grow(v.Points, len(r.Points))
	for i := range r.Points {
		p, err := r.Points[i].on(base, r.Fields)
		if err != nil {
			return nil, fmt.Errorf("point %d: %w", i, err)
		}
		v.Points = append(v.Points, p)
	}
	return v, nil
}

// on returns the point of a base with values in fields.
func (p *pointRecord) on(base arch.Config, fields []string) (Point, error) {
	if len(p.Values) != len(fields) {
		return Point{}, fmt.Errorf("%d values for %d fields", len(p.Values), len(fields))
	}
	c, err := configured(base, fields, p.Values)
	if err != nil {
		return Point{}, err
	}
	return Point{
		Estimate: hwsim.Estimate{Model: p.Model, Workload: p.Workload, Scope: p.Scope, Config: c, Cycles: float64(p.Cycles), FPS: float64(p.FPS), GOPS: float64(p.GOPS),
			Joules: float64(p.Joules), GOPSPerW: float64(p.GOPSPerW), Host: p.Host, Unknown: p.Unknown,
			Pricing: hwsim.Pricing{Table: p.Table, Source: p.Source, Missing: p.Missing, Uncounted: p.Uncounted}},
		Values: p.Values, DSPs: c.DSPs(), BRAMs: c.BRAMs(),
	}, nil
}
