// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/gotriovit/gotriovit/internal/regular"
)

// A wordList is a list of classes in the order of their indices.
type wordList struct {
	ids, words []string
	// number maps the development kit's numbers (ILSVRC2012_ID, from 1) to indices. It
	// is nil if the list does not give the numbers.
	number map[int]int
}

func (l *wordList) index() map[string]int {
	index := make(map[string]int, len(l.ids))
	for i, id := range l.ids {
		index[id] = i
	}
	return index
}

// maxList is the largest size of a list in bytes. A list of 21,841 classes has 2 MB.
const maxList = 16 << 20

// readList passes the text of a list to a parser. Its errors name the file.
func readList(path string, parse func(io.Reader) error) error {
	f, err := regular.Open(path, maxList)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := parse(f); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// decoded returns a list's text as UTF-8. A byte order mark at the beginning, which
// editors and spreadsheets write, says whether the text is UTF-8 or UTF-16. The mark is
// left out.
func decoded(r io.Reader) io.Reader {
	return transform.NewReader(r, unicode.BOMOverride(transform.Nop))
}

// readWords reads a list of classes. The names of class folders tell it whether lines
// have words.
func readWords(path string, names []string) (l *wordList, err error) {
	err = readList(path, func(r io.Reader) error { l, err = parseWords(r, names); return err })
	return l, err
}

// parseWords reads lines that have a class folder's name, white space and the words for
// the class. If every given name is a whole line of the list, it reads lines that have
// only the name.
func parseWords(r io.Reader, names []string) (*wordList, error) {
	lines, err := readLines(decoded(r))
	if err != nil {
		return nil, err
	}
	whole := make(map[string]bool, len(lines))
	for _, line := range lines {
		whole[line.text] = true
	}
	bare := len(names) > 0 && !slices.ContainsFunc(names, func(name string) bool { return !whole[name] })
	l := new(wordList)
	known := make(map[string]bool)
	for _, line := range lines {
		id, words := line.text, line.text
		if !bare {
			id, words = cutName(line.text)
		}
		if known[id] {
			return nil, fmt.Errorf("line %d: class %.60q a second time", line.number, id)
		}
		known[id] = true
		l.ids, l.words = append(l.ids, id), append(l.words, words)
	}
	if len(l.ids) == 0 {
		return nil, fmt.Errorf("no classes")
	}
	if l.sortNumbered() || len(l.ids) != imageNetClasses {
		return l, nil
	}
	for i, id := range l.ids {
		if !wordNetID.MatchString(id) {
			return l, nil // the classes are not ImageNet's, so that any order is allowed
		}
		if i > 0 && id < l.ids[i-1] {
			return nil, fmt.Errorf("class %s after %s: ImageNet's classes are indexed in the sorted order of their WordNet ids", id, l.ids[i-1])
		}
	}
	return l, nil
}

// imageNetClasses is the number of classes of the published checkpoints. All of them
// number the classes in the same order.
const imageNetClasses = 1000

var wordNetID = regexp.MustCompile(`^n[0-9]{8}$`)

// sortNumbered sorts a list in the form of map_clsloc.txt, "n02119789 1 kit_fox", whose
// numbers are 1 to the number of classes. It reports whether the list has this form.
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

// sort sorts the classes. A list with numbers keeps its order.
func (l *wordList) sort(compare func(a, b string) int) {
	if l.number != nil {
		return
	}
	words := make(map[string]string, len(l.ids))
	for i, id := range l.ids {
		words[id] = l.words[i]
	}
	slices.SortFunc(l.ids, compare)
	for i, id := range l.ids {
		l.words[i] = words[id]
	}
}

// cutName divides a line into the name of a folder and the words after it. If the line
// has no words, words is the name. A name that ends at a tab may contain spaces.
func cutName(line string) (name, words string) {
	end := strings.IndexByte(line, '\t')
	if end < 0 {
		end = strings.IndexByte(line, ' ')
	}
	if end < 0 {
		return line, line
	}
	return line[:end], strings.TrimSpace(line[end:])
}

// A line is one line of a list, without the white space around it.
type line struct {
	number int // number of the line, from 1
	text   string
}

// readLines returns the lines of a list that are not empty.
func readLines(r io.Reader) ([]line, error) {
	var all []line
	lines := bufio.NewScanner(r)
	number := 0
	for lines.Scan() {
		number++
		if text := strings.TrimSpace(lines.Text()); text != "" {
			all = append(all, line{number, text})
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", number+1, err)
	}
	return all, nil
}
