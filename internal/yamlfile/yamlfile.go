// SPDX-License-Identifier: Apache-2.0

// Package yamlfile parses YAML from any source. The parser's time and memory grow with
// the square of the nesting depth, and a character such as a comma takes more than a
// kilobyte of memory. Content that no configuration needs is therefore refused before
// it reaches the parser:
//
//	file, err := yamlfile.Parse("zcu102.yaml", data, 1<<14)
//
// The result is a tree of the parser's nodes. A caller walks the tree, so that its
// errors can name a line.
package yamlfile

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

const (
	maxMarks  = 40_000 // characters that begin or end tokens; EfficientViT-B3's workload has 32,000
	maxDepth  = 16     // open brackets, or indicators of lists and fields before a value on a line
	maxColumn = 256    // column at which a list or field begins outside of brackets
)

// marks are the characters that begin or end tokens.
const marks = ",[]{}:#\n-?'\"&*!|>"

// Parse parses a file of at most size bytes. Its errors are one line and name the file
// by name.
func Parse(name string, data []byte, size int) (*ast.File, error) {
	if len(data) > size {
		return nil, fmt.Errorf("%s: more than the %d bytes that are allowed", name, size)
	}
	n := 0
	for i := range data {
		if bytes.IndexByte([]byte(marks), data[i]) >= 0 {
			n++
		}
	}
	if n > maxMarks {
		return nil, fmt.Errorf("%s: %d of the characters %q: at most %d are allowed", name, n, marks, maxMarks)
	}
	tokens := lexer.Tokenize(string(data))
	if err := checkDepth(name, tokens); err != nil {
		return nil, err
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, syntaxError(name, err)
	}
	return file, nil
}

// checkDepth returns an error for a nesting deeper than that of any configuration.
func checkDepth(name string, tokens token.Tokens) error {
	depth, line, indicators := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, indicators = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth = max(depth-1, 0)
		case token.SequenceEntryType, token.MappingKeyType, token.MappingValueType:
			if depth > 0 {
				break
			}
			if indicators++; indicators > maxDepth {
				return fmt.Errorf("%s:%d: more than %d lists and fields begin on a line", name, line, maxDepth)
			}
			if t.Position.Column > maxColumn {
				return fmt.Errorf("%s:%d: a field in column %d: at most %d are allowed", name, line, t.Position.Column, maxColumn)
			}
		}
		if depth > maxDepth {
			return fmt.Errorf("%s:%d: more than %d open brackets", name, line, maxDepth)
		}
	}
	return nil
}

// syntaxError returns the parser's error as one line.
func syntaxError(name string, err error) error {
	var e yaml.Error
	if errors.As(err, &e) && e.GetToken() != nil {
		return fmt.Errorf("%s:%d: not YAML: %s", name, e.GetToken().Position.Line, oneLine(e.GetMessage()))
	}
	return fmt.Errorf("%s: not YAML: %s", name, oneLine(err.Error()))
}

// maxError is the largest length of the error of a reader of files, in bytes.
const maxError = 900

// Cut shortens the message of an error that quotes much of a file.
func Cut(err error) error {
	if err == nil || len(err.Error()) <= maxError {
		return err
	}
	return errors.New(strings.ToValidUTF8(err.Error()[:maxError], "") + " …")
}

// maxMessage is the largest length in characters of the parser's message in an error.
// The parser may quote a whole file.
const maxMessage = 200

// oneLine returns a message as one line and cuts a long one. A tab stays visible as \t,
// because the parser quotes it as a character that is not allowed.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.ReplaceAll(s, "\t", `\t`)), " ")
	if runes := []rune(s); len(runes) > maxMessage {
		return string(runes[:maxMessage]) + " …"
	}
	return s
}
