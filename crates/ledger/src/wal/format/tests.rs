use super::{BATCH_HEADER_BYTES, BatchHeader, Chain, SegmentHeader, extent_bytes};
use proof::digest::Digest;

fn chain() -> Chain {
    Chain { batch: 7, previous: Digest::of(b"before"), index: 900 }
}

#[test]
fn headers_come_back_as_they_were_and_no_flipped_bit_passes() {
    let log = Digest::of(b"log");
    let segment =
        SegmentHeader { log, generation: 3, number: 2, segment_bytes: 65_536, chain: chain() };
    let (block, digest) = segment.encode();
    assert_eq!((block.len(), SegmentHeader::decode(&block)), (4096, Some((segment, digest))));
    let (count, payload_bytes, payload) = (2, 100, Digest::of(b"payload"));
    let batch = BatchHeader { log, generation: 3, chain: chain(), count, payload_bytes, payload };
    let (header, batch_digest) = batch.encode(&digest);
    assert_eq!(BatchHeader::decode(&header, &digest), Some((batch, batch_digest)));
    assert_eq!(BatchHeader::decode(&header, &log), None, "bound to its segment");
    for bit in 0..BATCH_HEADER_BYTES * 8 {
        let mut flipped = header;
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(BatchHeader::decode(&flipped, &digest), None, "bit {bit}");
    }
    for bit in 0..144 * 8 {
        let mut flipped = block.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(SegmentHeader::decode(&flipped), None, "bit {bit}");
    }
    assert_eq!(BatchHeader::decode(&header[..100], &digest), None);
    assert_eq!(SegmentHeader::decode(&[]), None);
}

#[test]
fn the_next_batch_follows() {
    let (log, payload) = (Digest::of(b"log"), Digest::of(b""));
    let batch =
        BatchHeader { log, generation: 1, chain: chain(), count: 5, payload_bytes: 0, payload };
    let digest = Digest::of(b"this");
    assert_eq!(batch.next(digest), Chain { batch: 8, previous: digest, index: 905 });
}

#[test]
fn batches_take_whole_blocks() {
    let header = BATCH_HEADER_BYTES as u64;
    let cases =
        [(0, 4096), (4096 - header, 4096), (4097 - header, 8192), (1 << 20, (1 << 20) + 4096)];
    for (payload, extent) in cases {
        assert_eq!(extent_bytes(payload), extent);
    }
}

/// The bytes that `spec/ledger.md` describes, field by field.
#[test]
fn the_format_is_the_specified_one() {
    let log = Digest::of(b"log");
    let batch = BatchHeader {
        log,
        generation: 0x0102,
        chain: chain(),
        count: 0x0304,
        payload_bytes: 0x0506,
        payload: Digest::of(b"payload"),
    };
    let segment = Digest::of(b"segment");
    let mut wanted = b"ILBATCH1".to_vec();
    wanted.extend(log.as_bytes());
    wanted.extend([0, 0, 0, 0, 0, 0, 1, 2]);
    wanted.extend([0, 0, 0, 0, 0, 0, 0, 7]);
    wanted.extend(Digest::of(b"before").as_bytes());
    wanted.extend([0, 0, 0, 0, 0, 0, 3, 132]);
    wanted.extend([0, 0, 3, 4]);
    wanted.extend([0, 0, 5, 6]);
    wanted.extend(Digest::of(b"payload").as_bytes());
    let digest = Digest::of(&[segment.as_bytes().as_slice(), &wanted].concat());
    wanted.extend(digest.as_bytes());
    assert_eq!(batch.encode(&segment), (wanted.try_into().unwrap(), digest));
}
