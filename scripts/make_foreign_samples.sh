#!/bin/sh
# Make the samples in tests/files/foreign with the tools themselves. Needs Linux and, in Debian, the packages qemu-utils,
# e2fsprogs, thin-provisioning-tools, libnbd-bin, nbdkit and gddrescue; no
# root. The folder has to be on a file system with extents (ext4, XFS) for filefrag.
#
# The samples of rbd and aws are written by hand: these tools need a service.
set -eu

samples=$(cd "$(dirname "$0")/../tests/files/foreign" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# A sparse raw image with data, holes and an unwritten extent.
truncate -s 16M disk.img
for offset in 0 16 96 192; do
    dd if=/dev/urandom of=disk.img bs=64k seek="$offset" count=2 conv=notrunc status=none
done
fallocate -o 4M -l 256K disk.img
sync disk.img

# An image with data, and with a range that is written as zeros.
qemu-img create -q -f qcow2 disk.qcow2 64M
qemu-io -c "write -q -P 1 0 128k" -c "write -q -z 1M 1M" -c "write -q -P 2 8M 64k" disk.qcow2
qemu-img map --output=json disk.qcow2 > "$samples/qemu-map.json"
qemu-img map --output=json -f raw disk.img > "$samples/qemu-map-raw.json"

filefrag -v disk.img > "$samples/filefrag.txt"
filefrag -v -b512 disk.img > "$samples/filefrag-512.txt"
filefrag -v -X disk.img > "$samples/filefrag-hex.txt"
truncate -s 1M empty.img
filefrag -v empty.img > "$samples/filefrag-empty.txt"
filefrag -v disk.img empty.img > "$samples/filefrag-two-files.txt"
# A file that was just written: the file system did not choose its blocks yet.
dd if=/dev/urandom of=new.img bs=64k count=2 status=none
filefrag -v new.img > "$samples/filefrag-delalloc.txt"

nbd() {
    name=$1
    shift
    nbdkit -U - file disk.img --run "nbdinfo $* \"\$uri\"" > "$samples/$name"
}
nbd nbdinfo.txt --map
nbd nbdinfo.json --map --json
nbd nbdinfo-totals.txt --map --totals
nbd nbdinfo-totals.json --map --totals --json

# A dirty bitmap, exported by qemu-nbd.
qemu-img bitmap --add disk.qcow2 changes
qemu-io -c "write -q -P 3 4M 64k" -c "write -q -P 3 32M 192k" disk.qcow2
qemu-nbd --socket "$folder/socket" --format qcow2 --read-only --bitmap changes --persistent disk.qcow2 &
server=$!
while ! test -S socket; do sleep 0.1; done
nbdinfo --map=qemu:dirty-bitmap:changes "nbd+unix:///?socket=$folder/socket" > "$samples/nbdinfo-bitmap.txt"
nbdinfo --map=qemu:dirty-bitmap:changes --json "nbd+unix:///?socket=$folder/socket" > "$samples/nbdinfo-bitmap.json"
kill "$server"

# Two thin devices: the second is a snapshot of the first that was written and discarded in parts.
cat > metadata.xml <<'XML'
<superblock uuid="" time="1" transaction="2" version="2" data_block_size="128" nr_data_blocks="4096">
  <device dev_id="1" mapped_blocks="120" transaction="0" creation_time="0" snap_time="1">
    <range_mapping origin_begin="0" data_begin="0" length="100" time="0"/>
    <range_mapping origin_begin="1600" data_begin="200" length="20" time="0"/>
  </device>
  <device dev_id="2" mapped_blocks="115" transaction="1" creation_time="1" snap_time="1">
    <single_mapping origin_block="0" data_block="300" time="1"/>
    <range_mapping origin_begin="1" data_begin="1" length="99" time="0"/>
    <range_mapping origin_begin="1600" data_begin="200" length="10" time="0"/>
    <range_mapping origin_begin="3000" data_begin="400" length="5" time="1"/>
  </device>
</superblock>
XML
truncate -s 4M metadata
thin_restore -q -i metadata.xml -o metadata
thin_delta --snap1 1 --snap2 2 metadata > "$samples/thin_delta.xml"
thin_delta --snap1 1 --snap2 2 --verbose metadata > "$samples/thin_delta-verbose.xml"
thin_dump --dev-id 2 metadata > "$samples/thin_dump.xml"
thin_dump metadata > "$samples/thin_dump-two-devices.xml"

# A copy in two parts, so that the map has several blocks of either status.
ddrescue -q -s 1Mi disk.img copy.img ddrescue.map
ddrescue -q -i 2Mi -s 1Mi disk.img copy.img ddrescue.map
cp ddrescue.map "$samples/ddrescue.map"

# A disk with bad sectors, by the test mode of ddrescue: the map of an interrupted run in several passes.
cat > bad.map <<'MAP'
0x0 + 1
0x0 0x10000 +
0x10000 0x2000 -
0x12000 0x100000 +
0x112000 0x1200 -
0x113200 0xEECE00 +
MAP
ddrescue -q -n -s 1Mi -H bad.map disk.img errors.img errors.map
ddrescue -q -N -n -i 1Mi -s 128Ki -H bad.map disk.img errors.img errors.map
cp errors.map "$samples/ddrescue-errors.map"
# The extents that thin_dump leaves out, and what else is not read.
thin_dump --skip-mappings --dev-id 2 metadata > "$samples/thin_dump-skip-mappings.xml"
thin_dump --format human_readable --dev-id 2 metadata > "$samples/thin_dump.txt"
qemu-img map -f raw disk.img > "$samples/qemu-map.txt"
nbd nbdinfo-color.txt --map --color
