// SPDX-License-Identifier: Apache-2.0

package preprocess

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/internal/hostile"
	"github.com/gotriovit/gotriovit/internal/npy"
	"github.com/gotriovit/gotriovit/internal/shared"
	"github.com/gotriovit/gotriovit/triovit/preprocess/internal/kernel"
	"pgregory.net/rapid"
)

// load reads an array [H, W, 3] of Pillow's pixels.
func load(t *testing.T, path string) *RGB {
	t.Helper()
	shape, _, pix, err := npy.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(shape) != 3 || shape[2] != 3 || pix == nil {
		t.Fatalf("%s: shape %v, want [H W 3] of uint8", path, shape)
	}
	return &RGB{W: shape[1], H: shape[0], Pix: pix}
}

// same fails where two pictures differ by more than the given number of levels.
func same(t *testing.T, got, want *RGB, levels int) {
	t.Helper()
	if got.W != want.W || got.H != want.H || len(got.Pix) != len(want.Pix) {
		t.Fatalf("got %dx%d (%d bytes), want %dx%d", got.W, got.H, len(got.Pix), want.W, want.H)
	}
	worst, at := 0, 0
	for i, v := range got.Pix {
		if d := max(int(v)-int(want.Pix[i]), int(want.Pix[i])-int(v)); d > worst {
			worst, at = d, i
		}
	}
	if worst > levels {
		t.Errorf("pixel (%d, %d) channel %d: got %d, want %d within %d", at/3%got.W, at/3/got.W, at%3, got.Pix[at], want.Pix[at], levels)
	}
}

// fixtures returns the files of the pictures in testdata.
func fixtures(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.[jp][pn]g")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d fixtures: %v", len(files), err)
	}
	return files
}

func TestDecodeEqualsPillow(t *testing.T) {
	for _, file := range fixtures(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			got, err := DecodeFile(file)
			if err != nil {
				t.Fatal(err)
			}
			levels := 0
			if strings.HasSuffix(file, ".jpg") {
				levels = 4
			}
			same(t, got, load(t, strings.TrimSuffix(file, filepath.Ext(file))+".npy"), levels)
		})
	}
}

func TestResizeEqualsPillow(t *testing.T) {
	source := load(t, "testdata/resize_source.npy")
	files, err := filepath.Glob("testdata/resize_*_bi*.npy")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d fixtures: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			want := load(t, file)
			filter := Bicubic
			if strings.Contains(file, Bilinear.String()) {
				filter = Bilinear
			}
			same(t, source.Resize(want.W, want.H, filter), want, 0)
		})
	}
}

func TestPipelineEqualsReference(t *testing.T) {
	for _, test := range []struct {
		name, picture, golden string
		pipeline              Pipeline
		levels                int
	}{
		{"tench PNG", "data/preprocess/n01440764_tench.png", "n01440764_tench_r224_crop095", ImageNet(224, 0.95), 0},
		{"tench JPEG", "data/preprocess/n01440764_tench.JPEG", "n01440764_tench_r224_crop095", ImageNet(224, 0.95), 3},
		{"retriever PNG", "data/preprocess/n02099601_golden_retriever.png", "n02099601_golden_retriever_r224_crop095", ImageNet(224, 0.95), 0},
		{"retriever JPEG", "data/preprocess/n02099601_golden_retriever.JPEG", "n02099601_golden_retriever_r224_crop095", ImageNet(224, 0.95), 3},
		{"val 123", "data/tiny-imagenet/val/*/val_123.JPEG", "cls_b0_tiny_imagenet_val_123", Classification(128), 4},
		{"val 1230", "data/tiny-imagenet/val/*/val_1230.JPEG", "cls_b0_tiny_imagenet_val_1230", Classification(128), 4},
		{"val 1332", "data/tiny-imagenet/val/*/val_1332.JPEG", "cls_b0_tiny_imagenet_val_1332", Classification(128), 4},
		{"val 1496", "data/tiny-imagenet/val/*/val_1496.JPEG", "cls_b0_tiny_imagenet_val_1496", Classification(128), 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := load(t, shared.Path(t, "golden/"+test.golden+"_uint8.npy"))
			files, err := filepath.Glob(filepath.Join(shared.Path(t, "data"), "..", test.picture))
			if err != nil || len(files) != 1 {
				t.Fatalf("%s: files %v: %v", test.picture, files, err)
			}
			picture, err := DecodeFile(files[0])
			if err != nil {
				t.Fatal(err)
			}
			got, err := test.pipeline.Apply(picture)
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, want, test.levels)
		})
	}
}

func TestCentre(t *testing.T) {
	for _, test := range []struct {
		size, crop, offset int
	}{
		{4, 4, 0}, {5, 4, 0}, {6, 4, 1}, {7, 4, 2}, {8, 4, 2}, {9, 4, 2}, {11, 4, 4},
	} {
		x, y, err := centre(test.size, 100, test.crop, 10)
		if err != nil || x != test.offset || y != 45 {
			t.Errorf("%d of %d: (%d, %d) (%v), want (%d, 45)", test.crop, test.size, x, y, err, test.offset)
		}
	}
	_, err := Pipeline{Width: 6, Height: 4, CropRatio: 1}.Apply(NewRGB(5, 9))
	if err == nil || !strings.Contains(err.Error(), "6x4 from a picture of 4x7") {
		t.Errorf("crop larger than the picture: got error %v", err)
	}
}

func TestShorterRoundsDown(t *testing.T) {
	for _, test := range []struct{ w, h, side, wantW, wantH int }{
		{500, 375, 236, 314, 236}, {300, 500, 236, 236, 393}, {64, 64, 128, 128, 128}, {1, 100, 2, 2, 200},
	} {
		if w, h := shorter(test.w, test.h, test.side); w != test.wantW || h != test.wantH {
			t.Errorf("%dx%d with a shorter side of %d: got %dx%d, want %dx%d", test.w, test.h, test.side, w, h, test.wantW, test.wantH)
		}
	}
}

func TestNormalize(t *testing.T) {
	m := &RGB{W: 2, H: 1, Pix: []uint8{0, 128, 255, 255, 0, 7}}
	got := make([]float32, 6)
	m.Normalize(got)
	mean, std := [3]float64{0.485, 0.456, 0.406}, [3]float64{0.229, 0.224, 0.225}
	for i, v := range got {
		want := (float64(m.Pix[i])/255 - mean[i%3]) / std[i%3]
		if d := float64(v) - want; d > 1e-6 || d < -1e-6 {
			t.Errorf("element %d: got %v, want %v", i, v, want)
		}
	}
}

// A constant picture stays constant, and no filter leaves the range of levels.
func TestResizeProperties(t *testing.T) {
	side := rapid.IntRange(1, 60)
	rapid.Check(t, func(t *rapid.T) {
		m := NewRGB(side.Draw(t, "w"), side.Draw(t, "h"))
		level := rapid.Uint8().Draw(t, "level")
		for i := range m.Pix {
			m.Pix[i] = level
		}
		f := rapid.SampledFrom([]Filter{Bilinear, Bicubic}).Draw(t, "filter")
		out := m.Resize(side.Draw(t, "W"), side.Draw(t, "H"), f)
		for i, v := range out.Pix {
			if v != level {
				t.Fatalf("byte %d of %dx%d: got %d, want %d", i, out.W, out.H, v, level)
			}
		}
	})
}

// resampled is Resize in plain loops: both passes over the whole picture.
func resampled(m *RGB, w, h int, f Filter) *RGB {
	sum := func(at func(i int) uint8, t taps) uint8 {
		sum := 1 << (kernel.Precision - 1)
		for i, weight := range t.weights {
			sum += int(at(t.first+i)) * int(weight)
		}
		return uint8(min(max(sum>>kernel.Precision, 0), 255))
	}
	narrow, out := NewRGB(w, m.H), NewRGB(w, h)
	for i := range narrow.Pix {
		y, x, c := i/(3*w), i/3%w, i%3
		narrow.Pix[i] = sum(func(x int) uint8 { return m.Pix[(y*m.W+x)*3+c] }, resampling(m.W, w, f, 0, w)[x])
	}
	for i := range out.Pix {
		y, x, c := i/(3*w), i/3%w, i%3
		out.Pix[i] = sum(func(y int) uint8 { return narrow.Pix[(y*w+x)*3+c] }, resampling(m.H, h, f, 0, h)[y])
	}
	return out
}

// TestResizeCrop: strips, and what is left out, change no pixel.
func TestResizeCrop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string, lo, hi int) int { return rapid.IntRange(lo, hi).Draw(t, name) }
		m := NewRGB(draw("w", 1, 40), draw("h", 1, 100))
		noise := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "noise"), 0))
		for i := range m.Pix {
			m.Pix[i] = uint8(noise.Uint32())
		}
		f := rapid.SampledFrom([]Filter{Bilinear, Bicubic}).Draw(t, "filter")
		w, h := draw("W", 1, 30), draw("H", 1, 30)
		whole := resampled(m, w, h, f)
		if !slices.Equal(m.Resize(w, h, f).Pix, whole.Pix) {
			t.Errorf("%dx%d to %dx%d: other pixels", m.W, m.H, w, h)
		}
		x, y := draw("x", 0, w-1), draw("y", 0, h-1)
		cropW, cropH := draw("crop W", 1, w-x), draw("crop H", 1, h-y)
		if !slices.Equal(m.resizeCrop(w, h, f, x, y, cropW, cropH).Pix, whole.crop(x, y, cropW, cropH).Pix) {
			t.Errorf("%dx%d to %dx%d at (%d, %d) of %dx%d: other pixels", m.W, m.H, cropW, cropH, x, y, w, h)
		}
	})
}

// TestResizeMemory: a long picture costs what its result does, not its rows.
func TestResizeMemory(t *testing.T) {
	m := NewRGB(2, 60000)
	_ = hostile.Read(t, 0, func() error { // 92 MB would be taken if all rows became 512 wide at once
		m.Resize(512, 64, Bilinear)
		return nil
	})
}

func TestPipelineString(t *testing.T) {
	for want, p := range map[string]Pipeline{
		"as is":                   {},
		"resize 960x704 bilinear": Fixed(960, 704, Bilinear),
		"resize 128x128 bicubic":  Classification(128),
		"shorter side 236 bicubic, centre 224x224": ImageNet(224, 0.95),
	} {
		if got := p.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestPipelineErrors(t *testing.T) {
	for _, test := range []struct {
		name, want string
		p          Pipeline
	}{
		{"no size", "0x0 pixels", Pipeline{Filter: Bicubic}},
		{"negative", "-1x5 pixels", Fixed(-1, 5, Bilinear)},
		{"huge", "a side and", Fixed(1<<20, 5, Bilinear)},
		{"unknown filter", "Filter(9)", Fixed(5, 5, 9)},
		{"ratio above 1", "crop ratio of 1.5", ImageNet(224, 1.5)},
		{"negative ratio", "crop ratio of -1", ImageNet(224, -1)},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.p.Apply(NewRGB(8, 8))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
		})
	}
	if _, err := ImageNet(224, 1).Apply(NewRGB(1, 1000)); err == nil {
		t.Error("a picture of 1x1000 resized to 224x224000: no error")
	}
}

// TestPanorama: what is cut away may be longer than a network's side.
func TestPanorama(t *testing.T) {
	m, err := ImageNet(112, 1).Apply(NewRGB(20000, 100))
	if err != nil || m.W != 112 || m.H != 112 {
		t.Errorf("22400x112 pixels cut to 112x112: error %v", err)
	}
}

// pngHeader is a PNG that claims a size in pixels of 8-bit gray and ends after
// its header.
func pngHeader(t testing.TB, w, h uint32) []byte {
	var buffer bytes.Buffer
	if err := png.Encode(&buffer, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	data := buffer.Bytes()[:33] // the bytes are the signature and IHDR
	binary.BigEndian.PutUint32(data[16:], w)
	binary.BigEndian.PutUint32(data[20:], h)
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
	return data
}

// jpegHeader is a JPEG that claims a size and has the pixels of one block.
func jpegHeader(w, h uint16) []byte {
	data := made{factors: []string{"2x2", "1x1", "1x1"}, coding: "baseline"}.encode(8, 8)
	at := bytes.Index(data, []byte{0xff, markerBaseline}) + 5
	binary.BigEndian.PutUint16(data[at:], h)
	binary.BigEndian.PutUint16(data[at+2:], w)
	return data
}

func TestDecodeErrors(t *testing.T) {
	jpg, err := os.ReadFile("testdata/jpeg_420_37x29.jpg")
	if err != nil {
		t.Fatal(err)
	}
	const limit = "allowed are 1 to 65500 a side and 178956970 in all"
	for _, test := range []struct {
		name, want string
		data       []byte
	}{
		{"empty", "an empty file: allowed are PNG and JPEG pictures", nil},
		{"a page", "an HTML page: allowed are PNG and JPEG pictures", []byte("<html></html>")},
		{"huge PNG", "PNG of 100000x100000 pixels: " + limit, pngHeader(t, 100000, 100000)},
		{"PNG that overflows", "PNG of 2147483647x1 pixels: " + limit, pngHeader(t, 1<<31-1, 1)},
		{"one row too many for Pillow", "PNG of 13378x13378 pixels: " + limit, pngHeader(t, 13378, 13378)},
		{"one row too many as a JPEG", "JPEG of 13378x13378 pixels: " + limit, jpegHeader(13378, 13378)},
		{"as many as Pillow allows, in a short PNG", "PNG of 13377x13377 pixels in 33 bytes: so many pixels take at least 173395", pngHeader(t, 13377, 13377)},
		{"as many as Pillow allows, in a short JPEG", "JPEG of 13377x13377 pixels in 167 bytes: so many pixels take at least 1048500", jpegHeader(13377, 13377)},
		{"truncated PNG", "decode a PNG: the file is cut off", pngHeader(t, 8, 8)},
		{"truncated JPEG header", "decode a JPEG: the file is cut off", jpg[:30]},
		{"truncated JPEG", "decode a JPEG: the file is cut off", jpg[:len(jpg)-60]},
		{"pixels missing", "decode a JPEG: ", append(bytes.Clone(jpg[:len(jpg)-60]), jpg[len(jpg)-2:]...)},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "given.png")
			if err := os.WriteFile(path, test.data, 0o666); err != nil {
				t.Fatal(err)
			}
			err := hostile.Read(t, len(test.data), func() error { _, err := DecodeFile(path); return err })
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), path+": ") {
				t.Errorf("got error %v, want one with %q and the path", err, test.want)
			}
		})
	}
	if _, err := DecodeFile("testdata/absent.png"); err == nil || !strings.Contains(err.Error(), "absent.png") {
		t.Errorf("absent file: got error %v", err)
	}
	if _, err := DecodeFile("testdata"); err == nil || !strings.Contains(err.Error(), "testdata: a folder, allowed are regular files") {
		t.Errorf("a folder: got error %v", err)
	}
}

// TestFlatPictures: what is coded in few bytes is no giant only because of that.
func TestFlatPictures(t *testing.T) {
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewPaletted(image.Rect(0, 0, 4000, 3000), color.Palette{color.White})); err != nil {
		t.Fatal(err)
	}
	if m, err := Decode(file.Bytes()); err != nil || m.W != 4000 || m.H != 3000 || m.Pix[0] != 255 {
		t.Errorf("a PNG of one colour in %d bytes: error %v", file.Len(), err)
	}
}

// FuzzDecode leaves out pictures of more than 2^21 pixels: their memory is their
// own size, whatever the file's.
func FuzzDecode(f *testing.F) {
	for _, name := range []string{"jpeg_420_5x5.jpg", "jpeg_422_4x4.jpg", "jpeg_444_37x29.jpg", "jpeg_gray_37x29.jpg", "jpeg_rgb_37x29.jpg", "png_palette_4bit.png", "png_gray_alpha.png"} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, factors := range []string{"1x1", "1x1 2x1 1x2", "4x2 1x1 1x1", "2x2 1x1 1x1 2x2"} {
		made{factors: strings.Fields(factors)}.variants(func(m made) { f.Add(m.encode(19, 11)) })
	}
	f.Add(pngHeader(f, 1<<31, 1))
	f.Add(jpegHeader(1<<16-1, 1<<12))
	f.Fuzz(func(t *testing.T, data []byte) {
		config, err := jpeg.DecodeConfig(bytes.NewReader(data))
		if err != nil {
			config, _ = png.DecodeConfig(bytes.NewReader(data))
		}
		if config.Width*config.Height > 1<<21 && config.Width*config.Height <= pictureSizes.total {
			return
		}
		var m *RGB
		err = hostile.Read(t, len(data), func() (err error) { m, err = Decode(data); return })
		if err == nil && (m.W < 1 || m.H < 1 || len(m.Pix) != m.W*m.H*3) {
			t.Errorf("picture of %dx%d with %d bytes", m.W, m.H, len(m.Pix))
		}
		if bytes.HasPrefix(data, []byte(magicJPEG)) {
			if usual, standard := readers(data); usual && !standard {
				t.Error("read, and refused by image/jpeg")
			}
		}
	})
}
