// SPDX-License-Identifier: Apache-2.0

// Package hub finds checkpoints by their names on the Hugging Face hub, where
// timm and the authors of EfficientViT publish them, and keeps them on disk.
//
// A notebook with the name "timm/efficientvit_b1.r224_in1k" should run anywhere: on a
// laptop with a network, on one without, and on a cluster where a colleague has already
// filled the cache with Python. A [Ref] therefore names a checkpoint, and a [Client]
// returns the path of the checkpoint's file in the cache. The cache has the layout of
// Python's huggingface_hub (blobs, snapshots, refs), so that each program finds the
// other's files:
//
//	ref, err := hub.Parse("timm/efficientvit_b1.r224_in1k")
//	if err != nil { ... }
//	client, err := hub.FromEnvironment()
//	if err != nil { ... }
//	path, err := client.Fetch(ctx, ref)
//
// One request resolves the revision, lists the files and returns their checksums. A
// second request downloads the file. An interrupted download resumes where it stopped,
// in this process or the next one. The file gets its name only after its checksum has
// been verified, so every named file in the cache is complete. Without a network, or
// with HF_HUB_OFFLINE=1, the client uses the files in the cache.
//
// The client does not trust a hub's answers. It refuses names that lead out of the
// cache's folder, malformed checksums and files of more than 1 GiB. It sends a token to
// the endpoint only, never to a host to which the endpoint redirects.
package hub
