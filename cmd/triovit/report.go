// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"strings"

	"github.com/gotriovit/gotriovit/table"
	"github.com/gotriovit/gotriovit/triovit"
)

var reportCommand = command{
	name: "report", arguments: "report.json|m.triovit [other.json|other.triovit ...]", about: "print reports, and compare the others with the first",
	help: `Prints the scores of saved reports, those of a segmentation class by class. Each
report but the first is compared with the first, picture by picture: the difference
with its 95 % interval over 1,000 bootstrap draws, and for a classifier McNemar's
exact test. Both must be of the same pictures.

An artefact of "triovit freeze" stands for its report, as "triovit evaluate -model"
writes it: it is told from a report by its content, and scored on the pictures that
the flags say. Saved reports alone need no flags.

In JSON scores and differences are fractions, and the outcomes are left out.`,
	declare: func(f *flag.FlagSet) action {
		in := inputs{calibrationSample: 1}
		in.declarePictures(f)
		in.declareSample(f)
		return func(ctx context.Context, files []string) (output, error) {
			if len(files) == 0 {
				return output{}, usagef("no report is given")
			}
			reports, err := readAll(files, func(file string) (*triovit.Report, error) {
				if !triovit.IsArtefact(file) {
					return triovit.ReadReport(file)
				}
				this := in
				this.model = file
				return evaluate(ctx, this)
			})
			if err != nil {
				return output{}, err
			}
			var text strings.Builder
			var data compared
			for _, r := range reports {
				text.WriteString(r.String())
				short := *r
				short.Outcomes = nil
				data.Reports = append(data.Reports, &short)
			}
			for _, r := range reports[1:] {
				p, err := triovit.Compare(reports[0], r)
				if err != nil {
					return output{}, err
				}
				data.Compared = append(data.Compared, p)
			}
			if len(data.Compared) > 0 {
				text.WriteString(data.Compared.String())
			}
			text.WriteString(classTable(reports).String())
			return output{text.String(), data}, nil
		}
	},
}

// evaluate returns the report of an artefact, as the command evaluate does.
func evaluate(ctx context.Context, in inputs) (*triovit.Report, error) {
	predictor, label, setup, err := predict(ctx, in, profiled{}, recipe{})
	if err != nil {
		return nil, err
	}
	return triovit.Evaluate(ctx, predictor, setup.Evaluation, triovit.Titled(label), triovit.Labelled(label))
}

// compared is the JSON form of several reports.
type compared struct {
	Reports  []*triovit.Report   `json:"reports"`
	Compared triovit.Comparisons `json:"compared,omitempty"`
}

// classTable returns a table with a row for each class and a column for each report of a
// segmentation. It is empty for classifiers.
func classTable(reports []*triovit.Report) (t table.Table) {
	if len(reports[0].IoU) == 0 {
		return t
	}
	t.Columns = table.Columns("IoU")
	for _, r := range reports {
		t.Columns = append(t.Columns, table.Column{Name: r.Label, Unit: "%", Format: "%.2f"})
	}
	for i, class := range reports[0].Classes {
		row := []any{class}
		for _, r := range reports {
			row = append(row, 100*r.IoU[i])
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
