// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A wordList is a list of classes in the order of their indices.
type wordList struct {
	ids, words []string
	// number maps the development kit's numbers (ILSVRC2012_ID, from 1) to
	// indices, where the list tells them.
	number map[int]int
}

func (l *wordList) index() map[string]int {
	index := make(map[string]int, len(l.ids))
	for i, id := range l.ids {
		index[id] = i
	}
	return index
}

func readWords(path string) (*wordList, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	l, err := parseWords(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return l, nil
}

// parseWords reads lines of a class's folder, white space and its words.
func parseWords(r io.Reader) (*wordList, error) {
	l := new(wordList)
	known := make(map[string]bool)
	err := eachLine(r, func(line string) error {
		end := strings.IndexAny(line, " \t")
		if end < 0 {
			return fmt.Errorf("%.60q: want the name of a folder and the words of its class", line)
		}
		id := line[:end]
		if known[id] {
			return fmt.Errorf("class %.60q a second time", id)
		}
		known[id] = true
		l.ids = append(l.ids, id)
		l.words = append(l.words, strings.TrimSpace(line[end:]))
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case len(l.ids) == 0:
		return nil, fmt.Errorf("no classes")
	case l.sortNumbered():
		return l, nil
	}
	for i, id := range l.ids {
		if !wordNetID.MatchString(id) {
			return l, nil // not ImageNet's: any order is its own
		}
		if i > 0 && id < l.ids[i-1] {
			return nil, fmt.Errorf("class %s after %s: ImageNet's classes are indexed in the sorted order of their WordNet ids", id, l.ids[i-1])
		}
	}
	return l, nil
}

var wordNetID = regexp.MustCompile(`^n[0-9]{8}$`)

// sortNumbered sorts a list of the form of map_clsloc.txt, "n02119789 1 kit_fox",
// whose numbers are 1 to the number of classes; it tells whether it is one.
func (l *wordList) sortNumbered() bool {
	type class struct {
		id, words string
		number    int
	}
	classes, seen := make([]class, len(l.ids)), make([]bool, len(l.ids)+1)
	for i, id := range l.ids {
		first, words, _ := strings.Cut(l.words[i], " ")
		n, err := strconv.Atoi(first)
		if err != nil || n < 1 || n > len(l.ids) || seen[n] || !wordNetID.MatchString(id) {
			return false
		}
		seen[n] = true
		classes[i] = class{id, strings.ReplaceAll(strings.TrimSpace(words), "_", " "), n}
	}
	slices.SortFunc(classes, func(a, b class) int { return strings.Compare(a.id, b.id) })
	l.number = make(map[int]int, len(classes))
	for i, c := range classes {
		l.ids[i], l.words[i], l.number[c.number] = c.id, c.words, i
	}
	return true
}

// eachLine calls do with every line that is not empty, without white space
// around it; errors name the line.
func eachLine(r io.Reader, do func(line string) error) error {
	lines := bufio.NewScanner(r)
	number := 0
	for lines.Scan() {
		number++
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		if err := do(line); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("line %d: %w", number+1, err)
	}
	return nil
}
