// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"

	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// The size of CamVid's pictures and labels in the 11-class distribution.
const (
	camVidWidth  = 480
	camVidHeight = 360
	camVidVoid   = 11 // the label of pixels without a class
)

// CamVid returns the road scenes of a split, "train" or "val": the pictures in
// dir/split, resized to 960x704 with the bilinear filter, and the labels of the
// same names in dir/splitannot, 480x360, 0 to 10 for the classes and 11 for
// void, which becomes [Ignore].
func CamVid(dir, split string) (Dataset, error) {
	pictures, err := list(filepath.Join(dir, split), false)
	if err != nil {
		return nil, fmt.Errorf("CamVid: %w", err)
	}
	annotations := split + "annot"
	labels, err := list(filepath.Join(dir, annotations), false)
	if err != nil {
		return nil, fmt.Errorf("CamVid: %w", err)
	}
	d := &files{
		name:     "CamVid " + split,
		task:     Segmentation,
		classes:  names(CamVidClasses[:]),
		dir:      dir,
		pipeline: preprocess.Fixed(960, 704, preprocess.Bilinear),
	}
	labelled := make(map[string]bool, len(labels))
	for _, name := range labels {
		labelled[name] = true
	}
	for _, name := range pictures {
		if !labelled[name] {
			return nil, fmt.Errorf("CamVid: %s: no label of this name in %s", filepath.Join(dir, split, name), annotations)
		}
		delete(labelled, name)
		d.entries = append(d.entries, entry{id: split + "/" + name, label: annotations + "/" + name})
	}
	for _, name := range labels {
		if labelled[name] {
			return nil, fmt.Errorf("CamVid: %s: no picture of this name in %s", filepath.Join(dir, annotations, name), split)
		}
	}
	if err := d.seal(); err != nil {
		return nil, fmt.Errorf("CamVid: %w", err)
	}
	return d, nil
}

// labels reads the label map of a picture of w by h pixels.
func (d *files) labels(id string, w, h int) (Label, error) {
	path := d.path(id)
	data, err := os.ReadFile(path)
	if err != nil {
		return Label{}, err
	}
	if w != camVidWidth || h != camVidHeight {
		return Label{}, fmt.Errorf("%s: its picture has %dx%d pixels: allowed are %dx%d", path, w, h, camVidWidth, camVidHeight)
	}
	label, err := parseLabels(bytes.NewReader(data), w, h)
	if err != nil {
		return Label{}, fmt.Errorf("%s: %w", path, err)
	}
	return label, nil
}

// parseLabels decodes a PNG whose gray levels or palette indices are CamVid's
// labels, of w by h pixels.
func parseLabels(r io.ReadSeeker, w, h int) (Label, error) {
	config, err := png.DecodeConfig(r)
	if err != nil {
		return Label{}, fmt.Errorf("decode labels: %w", err)
	}
	if config.Width != w || config.Height != h {
		return Label{}, fmt.Errorf("labels of %dx%d pixels for a picture of %dx%d", config.Width, config.Height, w, h)
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return Label{}, err
	}
	decoded, err := png.Decode(r)
	if err != nil {
		return Label{}, fmt.Errorf("decode labels: %w", err)
	}
	var pix []uint8 // both kinds are stored without gaps between rows
	switch m := decoded.(type) {
	case *image.Gray:
		pix = m.Pix
	case *image.Paletted:
		pix = m.Pix
	default:
		return Label{}, fmt.Errorf("labels of kind %T: allowed are 8-bit gray levels or palette indices", decoded)
	}
	for i, label := range pix {
		switch {
		case label == camVidVoid:
			pix[i] = Ignore
		case int(label) >= len(CamVidClasses):
			return Label{}, fmt.Errorf("label %d at (%d, %d): allowed are 0 to %d, and %d for void", label, i%w, i/w, len(CamVidClasses)-1, camVidVoid)
		}
	}
	return Label{Map: pix, W: w, H: h}, nil
}
