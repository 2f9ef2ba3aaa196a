// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// ImageNetVal returns the pictures of a validation set that are all in one folder dir,
// as ImageNet and Tiny ImageNet are distributed. The file truth gives their classes, in
// one of these forms:
//
//   - LOC_val_solution.csv: a header, then a picture's name without extension,
//     a comma, and a WordNet id with boxes;
//   - val_annotations.txt: a picture's name, white space, and a WordNet id with a
//     box;
//   - val.txt: a picture's name, white space, and the index of its class;
//   - ILSVRC2012_validation_ground_truth.txt of the development kit: the class
//     of picture i, ILSVRC2012_val_0000000i, in line i, by the kit's own numbers.
//
// [Words] names the classes. For the development kit's numbers it must be
// map_clsloc.txt, which lists these numbers. Without [Words] the classes are the class
// folders of [Beside] and the ids in the file, in the order of [Ordered]. Every picture
// must have a class in the file, and every line must have a picture.
func ImageNetVal(ctx context.Context, dir, truth string, p preprocess.Pipeline, options ...Option) (Dataset, error) {
	d, err := imageNetVal(ctx, dir, truth, p, apply(options))
	if err != nil {
		return nil, fmt.Errorf("ImageNet: %w", err)
	}
	return d, nil
}

func imageNetVal(ctx context.Context, dir, truth string, p preprocess.Pipeline, s *settings) (*files, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	var rows *truths
	if err := readList(truth, func(r io.Reader) (err error) { rows, err = parseTruth(r); return err }); err != nil {
		return nil, err
	}
	classes, err := s.classes(dir, rows.ids())
	if err != nil {
		return nil, err
	}
	if len(classes.ids) == 0 {
		return nil, fmt.Errorf("%s: no list of the classes: allowed are LOC_synset_mapping.txt, synset_words.txt, map_clsloc.txt", dir)
	}
	class, err := rows.classes(classes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", truth, err)
	}
	d := &files{name: "ImageNet val", task: Classification, classes: classes.words, dir: dir, pipeline: p}
	if filepath.Base(dir) == "images" { // Tiny ImageNet has a folder of this name
		d.name = nameOf(filepath.Dir(dir))
	}
	pictures, err := d.list("")
	if err != nil {
		return nil, err
	}
	for _, picture := range pictures {
		name := stem(picture)
		c, ok := class[name]
		if !ok {
			return nil, fmt.Errorf("%s: no class of its own in %s", d.path(picture), truth)
		}
		delete(class, name)
		d.entries = append(d.entries, entry{id: picture, class: c})
	}
	if len(class) > 0 {
		return nil, fmt.Errorf("%s: %d pictures for the %d classes in %s: there is no picture %s",
			dir, len(pictures), len(rows.rows), truth, some(slices.Sorted(maps.Keys(class))))
	}
	return d, d.seal(ctx, s)
}

// stem returns a picture's name without its extension.
func stem(picture string) string { return strings.TrimSuffix(picture, path.Ext(picture)) }

// A truths is the content of a truth file: one row per picture. The class of a row is a
// name, an index or a number of the development kit.
type truths struct {
	form truthForm
	rows []truthRow
}

type truthForm uint8

const (
	byID truthForm = iota
	byIndex
	byNumber
)

type truthRow struct {
	line           int
	picture, class string
}

// ids returns the ids of the classes in the file. It returns none if the file has
// indices or numbers.
func (t *truths) ids() []string {
	if t.form != byID {
		return nil
	}
	known := make(map[string]bool)
	for _, row := range t.rows {
		known[row.class] = true
	}
	return slices.Collect(maps.Keys(known))
}

const solutionHeader = "ImageId,PredictionString"

// parseTruth reads a truth file. The first line of the file tells its form.
func parseTruth(r io.Reader) (*truths, error) {
	text := bufio.NewReader(decoded(r))
	head, err := text.Peek(len(solutionHeader))
	if err != nil && err != io.EOF {
		return nil, err
	}
	t := new(truths)
	if string(head) == solutionHeader {
		t.rows, err = parseSolution(text)
	} else {
		err = t.parseLines(text)
	}
	if err == nil && len(t.rows) == 0 {
		err = errors.New("no classes")
	}
	return t, err
}

// parseSolution reads LOC_val_solution.csv.
func parseSolution(r io.Reader) (all []truthRow, err error) {
	rows := csv.NewReader(r)
	rows.FieldsPerRecord = 2
	for first := true; ; first = false {
		row, err := rows.Read()
		switch {
		case err == io.EOF:
			return all, nil
		case err != nil:
			return nil, err
		case first:
			continue
		}
		line, _ := rows.FieldPos(0)
		id, _, _ := strings.Cut(row[1], " ")
		all = append(all, truthRow{line, row[0], id})
	}
}

// parseLines reads the lines of val_annotations.txt, val.txt or the development kit's
// file.
func (t *truths) parseLines(r io.Reader) error {
	lines, err := readLines(r)
	if err != nil {
		return err
	}
	for i, line := range lines {
		fields := strings.Fields(line.text)
		form, row := byNumber, truthRow{line.number, fmt.Sprintf("ILSVRC2012_val_%08d", i+1), fields[0]}
		if len(fields) > 1 {
			form, row.picture, row.class = byID, stem(fields[0]), fields[1]
			if _, err := strconv.Atoi(row.class); err == nil {
				form = byIndex
			}
		}
		if i == 0 {
			t.form = form
		}
		if form != t.form || form == byIndex && len(fields) > 2 {
			return fmt.Errorf("line %d: %.60q: want a picture and the index or the WordNet id of its class, or the number of a class, and the same in every line", line.number, line.text)
		}
		t.rows = append(t.rows, row)
	}
	return nil
}

// classes returns the class index of every picture. The keys are the pictures' names
// without extension.
func (t *truths) classes(list *wordList) (map[string]int, error) {
	index, class := list.index(), make(map[string]int, len(t.rows))
	for _, row := range t.rows {
		c, err := t.class(row.class, list, index)
		if _, twice := class[row.picture]; twice && err == nil {
			err = fmt.Errorf("picture %.60q a second time", row.picture)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", row.line, err)
		}
		class[row.picture] = c
	}
	return class, nil
}

// class returns the index in the list of the class that a row names.
func (t *truths) class(text string, list *wordList, index map[string]int) (int, error) {
	if t.form == byID {
		c, ok := index[text]
		if !ok {
			return 0, fmt.Errorf("%.60q is not one of the %d classes", text, len(index))
		}
		return c, nil
	}
	if t.form == byNumber && list.number == nil {
		return 0, errors.New("numbers of the development kit, which has an order of its own: give its map_clsloc.txt as the list of the classes")
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%.60q: want the number of a class", text)
	case t.form == byIndex && (n < 0 || n >= len(list.ids)):
		return 0, fmt.Errorf("class %d: allowed are 0 to %d", n, len(list.ids)-1)
	case t.form == byIndex:
		return n, nil
	}
	c, ok := list.number[n]
	if !ok {
		return 0, fmt.Errorf("class %d: allowed are 1 to %d", n, len(list.ids))
	}
	return c, nil
}
