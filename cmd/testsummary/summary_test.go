// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSummarize: each stream is output of go test -json, without the fields that
// summarize does not read.
func TestSummarize(t *testing.T) {
	const pkg = `"Package":"github.com/gotriovit/gotriovit/calib"`
	tests := []struct {
		name   string
		events []string
		ok     bool
		want   string
	}{
		{
			name: "pass and skip",
			events: []string{
				`{"Action":"start",` + pkg + `}`,
				`{"Action":"run",` + pkg + `,"Test":"TestA"}`,
				`{"Action":"output",` + pkg + `,"Test":"TestA","Output":"=== RUN   TestA\n"}`,
				`{"Action":"output",` + pkg + `,"Test":"TestA","Output":"noise\n"}`,
				`{"Action":"pass",` + pkg + `,"Test":"TestA"}`,
				`{"Action":"output",` + pkg + `,"Test":"TestB","Output":"=== RUN   TestB\n"}`,
				`{"Action":"output",` + pkg + `,"Test":"TestB","Output":"    b_test.go:7: no data: set X\n"}`,
				`{"Action":"output",` + pkg + `,"Test":"TestB","Output":"--- SKIP: TestB (0.00s)\n"}`,
				`{"Action":"skip",` + pkg + `,"Test":"TestB"}`,
				`{"Action":"output",` + pkg + `,"Output":"PASS\n"}`,
				`{"Action":"output",` + pkg + `,"Output":"ok  \tgithub.com/gotriovit/gotriovit/calib\t0.1s\n"}`,
				`{"Action":"pass",` + pkg + `}`,
			},
			ok: true,
			want: "ok  \tgithub.com/gotriovit/gotriovit/calib\t0.1s\n" +
				"\nskipped: 1\n    calib TestB: no data: set X\n" +
				"ok  \tgithub.com/gotriovit/gotriovit\t1 packages, 1 passed, 1 skipped\n",
		},
		{
			name: "a failed subtest counts its test once",
			events: []string{
				`{"Action":"output",` + pkg + `,"Test":"TestA/x","Output":"=== RUN   TestA/x\n"}`,
				`{"Action":"output",` + pkg + `,"Test":"TestA/x","Output":"    a_test.go:3: got 1\n"}`,
				`{"Action":"fail",` + pkg + `,"Test":"TestA/x"}`,
				`{"Action":"output",` + pkg + `,"Test":"TestA","Output":"--- FAIL: TestA (0.00s)\n"}`,
				`{"Action":"fail",` + pkg + `,"Test":"TestA"}`,
				`{"Action":"output",` + pkg + `,"Output":"FAIL\n"}`,
				`{"Action":"output",` + pkg + `,"Output":"FAIL\tgithub.com/gotriovit/gotriovit/calib\t0.1s\n"}`,
				`{"Action":"fail",` + pkg + `}`,
			},
			want: "in github.com/gotriovit/gotriovit/calib:\n    a_test.go:3: got 1\n" +
				"in github.com/gotriovit/gotriovit/calib:\n--- FAIL: TestA (0.00s)\n" +
				"FAIL\tgithub.com/gotriovit/gotriovit/calib\t0.1s\n" +
				"\nskipped: 0\n" +
				"FAIL\tgithub.com/gotriovit/gotriovit\t1 packages (1 failed), 0 passed, 1 failed, 0 skipped\n",
		},
		{
			name: "a package that does not build",
			events: []string{
				`{"ImportPath":"m/calib","Action":"build-output","Output":"calib/a.go:3:1: syntax error\n"}`,
				`{"ImportPath":"m/calib","Action":"build-fail"}`,
				`{"Action":"output",` + pkg + `,"Output":"FAIL\tgithub.com/gotriovit/gotriovit/calib [build failed]\n"}`,
				`{"Action":"fail",` + pkg + `,"FailedBuild":"m/calib"}`,
			},
			want: "calib/a.go:3:1: syntax error\n" +
				"FAIL\tgithub.com/gotriovit/gotriovit/calib [build failed]\n" +
				"\nskipped: 0\n" +
				"FAIL\tgithub.com/gotriovit/gotriovit\t1 packages (1 failed), 0 passed, 0 skipped\n",
		},
		{
			name: "a package without tests",
			events: []string{
				`{"Action":"output",` + pkg + `,"Output":"?   \tgithub.com/gotriovit/gotriovit/calib\t[no test files]\n"}`,
				`{"Action":"skip",` + pkg + `}`,
			},
			ok: true,
			want: "?   \tgithub.com/gotriovit/gotriovit/calib\t[no test files]\n" +
				"\nskipped: 0\n" +
				"ok  \tgithub.com/gotriovit/gotriovit\t1 packages, 0 passed, 0 skipped\n",
		},
		{
			name: "a skip without a message",
			events: []string{
				`{"Action":"output",` + pkg + `,"Test":"TestB","Output":"--- SKIP: TestB (0.00s)\n"}`,
				`{"Action":"skip",` + pkg + `,"Test":"TestB"}`,
			},
			ok: true,
			want: "\nskipped: 1\n    calib TestB: no reason given\n" +
				"ok  \tgithub.com/gotriovit/gotriovit\t0 packages, 0 passed, 1 skipped\n",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got strings.Builder
			total, err := summarize(strings.NewReader(strings.Join(test.events, "\n")), &got)
			if err != nil {
				t.Fatal(err)
			}
			total.print(&got, test.ok)
			if diff := cmp.Diff(test.want, got.String()); diff != "" {
				t.Errorf("summary differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSummarizeBrokenStream(t *testing.T) {
	var got strings.Builder
	if _, err := summarize(strings.NewReader(`{"Action":"pass"`), &got); err == nil {
		t.Error("a stream that ends inside an event gave no error")
	}
}
