// Package deps is temporary: it keeps every planned dependency in go.mod while the packages are written.
package deps

import (
	_ "github.com/dop251/goja"
	_ "github.com/go-echarts/go-echarts/v2/charts"
	_ "github.com/go-echarts/go-echarts/v2/opts"
	_ "github.com/gomlx/compute/gobackend"
	_ "github.com/gomlx/gomlx/core/graph"
	_ "github.com/gomlx/gomlx/core/tensors/numpy"
	_ "github.com/gomlx/gomlx/ml/train"
	_ "github.com/janpfeifer/gonb/gonbui"
	_ "github.com/schollz/progressbar/v3"
	_ "github.com/x448/float16"
	_ "pgregory.net/rapid"
	_ "github.com/google/go-cmp/cmp"
)
