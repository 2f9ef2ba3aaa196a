// SPDX-License-Identifier: Apache-2.0

package yamlfile

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// At adds the file's name, the line and the field's path to an error.
func At(name string, node ast.Node, path string, err error) error {
	return fmt.Errorf("%s:%d: %s: %w", name, node.GetToken().Position.Line, path, err)
}

// Fields returns the fields of a node. ok is false if the node has no fields.
func Fields(node ast.Node) (entries []*ast.MappingValueNode, ok bool) {
	switch node := node.(type) {
	case *ast.MappingNode:
		return node.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{node}, true
	}
	return nil, false
}

// Number returns the number of a node. ok is false if the node is not a number. A
// number is decimal and finite, or a whole one after 0x, 0o or 0b. Underscores may
// separate its digits. A number with a leading zero is refused, because 010 is eight in
// YAML 1.1 and ten in YAML 1.2.
func Number(node ast.Node) (x float64, ok bool) {
	text := node.GetToken().Value
	if digits := strings.TrimLeft(text, "+-"); len(digits) > 1 && digits[0] == '0' && strings.ContainsRune("0123456789_", rune(digits[1])) {
		return 0, false
	}
	switch node := node.(type) {
	case *ast.IntegerNode:
		switch v := node.Value.(type) {
		case int64:
			return float64(v), true
		case uint64:
			return float64(v), true
		}
	case *ast.FloatNode:
		return node.Value, !math.IsInf(node.Value, 0)
	case *ast.StringNode:
		// The parser returns a word for a number with an exponent but no point, and for
		// a number of more than 64 bits. strconv accepts words that are no numbers
		// here.
		if node.Token.Type == token.StringType && strings.Trim(text, "0123456789+-.eE") == "" {
			v, err := strconv.ParseFloat(text, 64)
			return v, err == nil
		}
	}
	return 0, false
}

// Excerpt returns the first 40 bytes of a node's text, quoted, for an error.
func Excerpt(node ast.Node) string {
	s := strings.Join(strings.Fields(node.String()), " ")
	if len(s) > 40 {
		s = s[:40] + "..."
	}
	return strconv.Quote(s)
}
