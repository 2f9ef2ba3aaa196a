// SPDX-License-Identifier: Apache-2.0

// Package k8s tests job.yaml. It is a module of its own, since only this test needs the
// types of Kubernetes.
package k8s

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// decode decodes a manifest as strictly as the API server: field names match in upper and
// lower case, and no field occurs twice.
func decode(data []byte) (*batchv1.Job, error) {
	data, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		return nil, err
	}
	job := new(batchv1.Job)
	strict, err := json.UnmarshalStrict(data, job)
	return job, errors.Join(append(strict, err)...)
}

func read(t *testing.T) (*batchv1.Job, string) {
	t.Helper()
	data, err := os.ReadFile("job.yaml")
	if err != nil {
		t.Fatal(err)
	}
	job, err := decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return job, string(data)
}

// TestStrict: the manifest has only fields that Kubernetes knows, and decode would find
// another one.
func TestStrict(t *testing.T) {
	_, text := read(t)
	for _, wrong := range [][2]string{{"completions:", "completion:"}, {"restartPolicy:", "restart:"}, {"restartPolicy:", "restartpolicy:"}, {"claimName:", "claim:"}, {"backoffLimit: 16", "backoffLimit: many"}, {"parallelism: 4", "parallelism: 4\n  parallelism: 4"}} {
		if _, err := decode([]byte(strings.Replace(text, wrong[0], wrong[1], 1))); err == nil {
			t.Errorf("%q in place of %q is decoded", wrong[1], wrong[0])
		}
	}
}

// TestJob: the manifest has no value that the API server refuses or that stops the job.
func TestJob(t *testing.T) {
	job, _ := read(t)
	if job.APIVersion != "batch/v1" || job.Kind != "Job" || job.Name == "" {
		t.Errorf("it is a %s %s named %q", job.APIVersion, job.Kind, job.Name)
	}
	s := job.Spec
	if s.CompletionMode == nil || *s.CompletionMode != batchv1.IndexedCompletion || s.Completions == nil || s.Parallelism == nil {
		t.Fatalf("mode %v, completions %v, parallelism %v", s.CompletionMode, s.Completions, s.Parallelism)
	}
	pod := s.Template.Spec
	// The API server requires Never with a podFailurePolicy.
	if s.PodFailurePolicy == nil || pod.RestartPolicy != corev1.RestartPolicyNever {
		t.Errorf("restart policy %q beside the policy %v", pod.RestartPolicy, s.PodFailurePolicy)
	}
	volumes := map[string]bool{}
	for _, v := range pod.Volumes {
		volumes[v.Name] = v.PersistentVolumeClaim != nil
	}
	for _, m := range pod.Containers[0].VolumeMounts {
		if !volumes[m.Name] {
			t.Errorf("%s is mounted, and no claim", m.Name)
		}
		delete(volumes, m.Name)
	}
	if len(volumes) > 0 {
		t.Errorf("volumes %v are not mounted", volumes)
	}
	r := pod.Containers[0].Resources
	if memory := r.Limits.Memory(); r.Requests.Memory().Cmp(*memory) > 0 || memory.IsZero() || r.Requests.Cpu().IsZero() {
		t.Errorf("it requests %v with the limits %v", r.Requests, r.Limits)
	}
}

// TestShards runs the container's command line for every index, with a stand-in for
// triovit. Each shard is computed once, into a file of its own.
func TestShards(t *testing.T) {
	job, _ := read(t)
	c := job.Spec.Template.Spec.Containers[0]
	dir := t.TempDir()
	program := filepath.Join(dir, "triovit")
	if err := os.WriteFile(program, []byte("#!/bin/sh\nprintf '%s\\n' \"$@\" \"$TRIOVIT_CACHE\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	below := func(path string) string { return strings.Replace(path, "/shared", dir, 1) }
	env := os.Environ()
	for _, v := range c.Env {
		env = append(env, v.Name+"="+below(v.Value))
	}
	var command []string
	for _, word := range append(c.Command, c.Args...) {
		command = append(command, below(word))
	}
	n := int(*job.Spec.Completions)
	for i := range n {
		cmd := exec.Command(command[0], command[1:]...)
		cmd.Env = append(env, fmt.Sprintf("JOB_COMPLETION_INDEX=%d", i))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("index %d: %v\n%s", i, err, out)
		}
		var want []string
		for _, word := range c.Args {
			want = append(want, below(word))
		}
		want = append(want, "-shard", fmt.Sprintf("%d/%d", i+1, n), "-out", fmt.Sprintf("%s/shards/%d.json", dir, i+1), dir+"/cache")
		if got := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n"); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("index %d runs %q, want %q", i, got, want)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "shards")); err != nil || !info.IsDir() {
		t.Errorf("the folder of the shards: %v", err)
	}
}
