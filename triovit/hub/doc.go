// SPDX-License-Identifier: Apache-2.0

// Package hub finds checkpoints by their names on the Hugging Face hub, where
// timm and the authors of EfficientViT publish them, and keeps them on disk.
//
// A notebook with the name "timm/efficientvit_b1.r224_in1k" should run anywhere: on a
// laptop with a network, on one without, and on a cluster where a colleague has already
// filled the cache with Python. So a [Ref] names a file, a [Client] returns the path of
// its copy, and the copies are stored in the layout of Python's huggingface_hub (blobs,
// snapshots, refs), so that each program finds the other's copies:
//
//	ref, err := hub.Parse("timm/efficientvit_b1.r224_in1k")
//	if err != nil { ... }
//	client, err := hub.FromEnvironment()
//	if err != nil { ... }
//	path, err := client.Fetch(ctx, ref)
//
// One request resolves the revision, lists the files and returns their checksums; a second
// one downloads. An interrupted download resumes where it stopped, in this process or the
// next one. The file takes its name only when its checksum is right, so that every file in
// the cache is whole. Without a network, or with HF_HUB_OFFLINE=1, the files in the cache
// are used.
//
// The answers of a hub are not trusted. Names that lead out of the cache's folder,
// malformed checksums and files of more than 1 GiB are refused. A token is sent to the
// endpoint only, never to the host it redirects to.
package hub
