// SPDX-License-Identifier: Apache-2.0

package yamlfile

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// At puts file, line and field before an error.
func At(name string, node ast.Node, path string, err error) error {
	return fmt.Errorf("%s:%d: %s: %w", name, node.GetToken().Position.Line, path, err)
}

// Fields returns the fields of a node; ok is false where it is something else.
func Fields(node ast.Node) (entries []*ast.MappingValueNode, ok bool) {
	switch node := node.(type) {
	case *ast.MappingNode:
		return node.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{node}, true
	}
	return nil, false
}

// Number returns the number of a node; ok is false where it is none.
func Number(node ast.Node) (x float64, ok bool) {
	switch node := node.(type) {
	case *ast.IntegerNode:
		switch v := node.Value.(type) {
		case int64:
			return float64(v), true
		case uint64:
			return float64(v), true
		}
	case *ast.FloatNode:
		return node.Value, true
	case *ast.StringNode:
		// The parser takes a number with an exponent but no point for a word.
		if v, err := strconv.ParseFloat(node.Value, 64); err == nil && node.Token.Type == token.StringType {
			return v, true
		}
	}
	return 0, false
}

// Excerpt quotes the beginning of what a node was written as.
func Excerpt(node ast.Node) string {
	s := strings.Join(strings.Fields(node.String()), " ")
	if len(s) > 40 {
		s = s[:40] + "..."
	}
	return strconv.Quote(s)
}
