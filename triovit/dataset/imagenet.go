// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// ImageNetVal returns the pictures of ImageNet's validation set as they are
// distributed: all in one folder, with their classes in a file of truth, of one
// of three forms that its first line tells:
//
//   - LOC_val_solution.csv: a header, then a picture's name without extension,
//     a comma, and a WordNet id with boxes;
//   - val.txt: a picture's name, white space, and the index of its class;
//   - ILSVRC2012_validation_ground_truth.txt of the development kit: the class
//     of picture i, ILSVRC2012_val_0000000i, in line i, by the kit's own numbers.
//
// [Words] must name the classes, whose index is the place of the WordNet id in
// sorted order; for the development kit's numbers it must be map_clsloc.txt,
// which tells them. Every picture must have a class in the file, and every line
// a picture.
func ImageNetVal(ctx context.Context, dir, truth string, p preprocess.Pipeline, options ...Option) (Dataset, error) {
	d, err := imageNetVal(ctx, dir, truth, p, options)
	if err != nil {
		return nil, fmt.Errorf("ImageNet: %w", err)
	}
	return d, nil
}

func imageNetVal(ctx context.Context, dir, truth string, p preprocess.Pipeline, options []Option) (*files, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	words := apply(options).words
	if words == "" {
		return nil, fmt.Errorf("%s: no list of the classes: allowed are LOC_synset_mapping.txt, synset_words.txt, map_clsloc.txt", dir)
	}
	classes, err := readWords(words)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(truth)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	class, err := parseTruth(f, classes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", truth, err)
	}
	pictures, err := list(dir, false)
	if err != nil {
		return nil, err
	}
	d := &files{name: "ImageNet val", task: Classification, classes: classes.words, dir: dir, pipeline: p}
	for _, picture := range pictures {
		c, ok := class[strings.TrimSuffix(picture, filepath.Ext(picture))]
		if !ok {
			return nil, fmt.Errorf("%s: no class in %s", filepath.Join(dir, picture), truth)
		}
		d.entries = append(d.entries, entry{id: picture, class: c})
	}
	if len(class) > len(pictures) {
		return nil, fmt.Errorf("%s: %d pictures for the %d classes in %s", dir, len(pictures), len(class), truth)
	}
	return d, d.seal(ctx, options)
}

const solutionHeader = "ImageId,PredictionString"

// parseTruth returns the index of the class of every picture, by its name
// without extension.
func parseTruth(r io.ReadSeeker, classes *wordList) (map[string]int, error) {
	head := make([]byte, len(solutionHeader))
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && err != io.EOF {
		return nil, err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	truth := make(map[string]int)
	add := func(picture string, class int) error {
		if _, twice := truth[picture]; twice {
			return fmt.Errorf("picture %.60q a second time", picture)
		}
		truth[picture] = class
		return nil
	}
	if string(head[:n]) == solutionHeader {
		err = parseSolution(r, classes.index(), add)
	} else {
		err = parseLines(r, classes, add)
	}
	if err == nil && len(truth) == 0 {
		err = errors.New("no classes")
	}
	return truth, err
}

// parseSolution reads LOC_val_solution.csv.
func parseSolution(r io.Reader, index map[string]int, add func(string, int) error) error {
	rows := csv.NewReader(r)
	rows.FieldsPerRecord = 2
	for first := true; ; first = false {
		row, err := rows.Read()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case first:
			continue
		}
		line, _ := rows.FieldPos(0)
		id, _, _ := strings.Cut(row[1], " ")
		class, ok := index[id]
		if !ok {
			return fmt.Errorf("line %d: %.60q is not one of the %d classes", line, id, len(index))
		}
		if err := add(row[0], class); err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
}

// parseLines reads val.txt or the development kit's file.
func parseLines(r io.Reader, classes *wordList, add func(string, int) error) error {
	picture := 0
	return eachLine(r, func(line string) error {
		fields := strings.Fields(line)
		n, err := strconv.Atoi(fields[len(fields)-1])
		switch {
		case err != nil || len(fields) > 2:
			return fmt.Errorf("%.60q: want a picture and the index of its class, or the number of a class", line)
		case len(fields) == 2:
			if n < 0 || n >= len(classes.ids) {
				return fmt.Errorf("class %d: allowed are 0 to %d", n, len(classes.ids)-1)
			}
			return add(strings.TrimSuffix(fields[0], filepath.Ext(fields[0])), n)
		case classes.number == nil:
			return errors.New("numbers of the development kit, which has an order of its own: give its map_clsloc.txt as the list of the classes")
		}
		class, ok := classes.number[n]
		if !ok {
			return fmt.Errorf("class %d: allowed are 1 to %d", n, len(classes.ids))
		}
		picture++
		return add(fmt.Sprintf("ILSVRC2012_val_%08d", picture), class)
	})
}
