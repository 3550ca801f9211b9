use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    ops::Range,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use fuser::{
    BackgroundSession, FileAttr, FileType, Filesystem, MountOption, ReplyAttr, ReplyCreate,
    ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyWrite, Request, TimeOrNow,
};
use rustix::io::Errno;

/// The only directory.
const ROOT: u64 = 1;

/// How long the kernel may keep what it knows of a file; it alone changes them.
const KEPT: Duration = Duration::from_secs(1);

/// A disk on which a power cut leaves what was flushed, and nothing else: a file system in memory,
/// of one directory, that is mounted by FUSE.
///
/// That a file is there is flushed with its content; that it was removed, at once.
#[derive(Debug)]
pub struct Disk {
    files: Arc<Mutex<Files>>,
    _mounted: BackgroundSession,
}

impl Disk {
    /// Mounts an empty one at `place`, a directory; `None` where that cannot be: without
    /// `/dev/fuse`, or for somebody who may not mount.
    pub fn mount(place: &Path) -> Option<Self> {
        Self::mount_with(Files::default(), place)
    }

    fn mount_with(files: Files, place: &Path) -> Option<Self> {
        let files = Arc::new(Mutex::new(files));
        let options = [MountOption::FSName("quittance-tests".to_owned())];
        match fuser::spawn_mount2(Mounted(Arc::clone(&files)), place, &options) {
            Ok(mounted) => Some(Self { files, _mounted: mounted }),
            Err(error) => {
                eprintln!("no FUSE on this machine: {error}");
                None
            }
        }
    }

    /// From now on no flush succeeds.
    pub fn cut_power(&self) {
        self.lock().cut = true;
    }

    /// What a reader finds after the power came back, mounted at `place`.
    pub fn salvaged(&self, place: &Path) -> Option<Self> {
        let files = self.lock();
        let mut left = Files::default();
        for (name, number) in &files.names {
            if let Some(durable) = &files.contents[number].durable {
                left.names.insert(name.clone(), *number);
                let (content, durable) = (durable.clone(), Some(durable.clone()));
                left.contents.insert(*number, File { content, durable, dirty: Vec::new() });
            }
        }
        Self::mount_with(left, place)
    }

    /// How many bytes were written and never flushed.
    pub fn unflushed(&self) -> usize {
        let files = self.lock();
        files.contents.values().flat_map(|file| &file.dirty).map(ExactSizeIterator::len).sum()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
struct Files {
    names: BTreeMap<OsString, u64>,
    contents: BTreeMap<u64, File>,
    cut: bool,
}

#[derive(Debug, Default)]
struct File {
    content: Vec<u8>,
    /// What has reached the medium; `None` if nothing of it has, not even its name.
    durable: Option<Vec<u8>>,
    /// What was written since.
    dirty: Vec<Range<usize>>,
}

impl File {
    fn write(&mut self, offset: usize, data: &[u8]) {
        let end = offset + data.len();
        if self.content.len() < end {
            self.content.resize(end, 0);
        }
        self.content[offset..end].copy_from_slice(data);
        self.dirty.push(offset..end);
    }

    fn resize(&mut self, length: usize) {
        self.content.resize(length, 0);
        self.dirty.clear();
        self.dirty.push(0..length);
    }

    fn flush(&mut self) {
        let durable = self.durable.get_or_insert_default();
        durable.resize(self.content.len(), 0);
        for range in self.dirty.drain(..) {
            durable[range.clone()].copy_from_slice(&self.content[range]);
        }
    }
}

struct Mounted(Arc<Mutex<Files>>);

impl Mounted {
    fn lock(&self) -> std::sync::MutexGuard<'_, Files> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const NO_SUCH_FILE: i32 = Errno::NOENT.raw_os_error();

fn place(offset: i64) -> usize {
    usize::try_from(offset).unwrap_or(0)
}

fn attributes(request: &Request<'_>, number: u64, size: Option<usize>) -> FileAttr {
    let now = SystemTime::UNIX_EPOCH;
    let (kind, perm) = match size {
        Some(_) => (FileType::RegularFile, 0o600),
        None => (FileType::Directory, 0o700),
    };
    let size = size.unwrap_or(0) as u64;
    FileAttr {
        ino: number,
        size,
        blocks: size.div_ceil(512),
        atime: now,
        mtime: now,
        ctime: now,
        crtime: now,
        kind,
        perm,
        nlink: 1,
        uid: request.uid(),
        gid: request.gid(),
        rdev: 0,
        blksize: 4096,
        flags: 0,
    }
}

impl Filesystem for Mounted {
    fn lookup(&mut self, request: &Request<'_>, _: u64, name: &OsStr, reply: ReplyEntry) {
        let files = self.lock();
        match files.names.get(name) {
            Some(number) => {
                let size = files.contents[number].content.len();
                reply.entry(&KEPT, &attributes(request, *number, Some(size)), 0);
            }
            None => reply.error(NO_SUCH_FILE),
        }
    }

    fn getattr(&mut self, request: &Request<'_>, number: u64, _: Option<u64>, reply: ReplyAttr) {
        let files = self.lock();
        match files.contents.get(&number) {
            Some(file) => {
                reply.attr(&KEPT, &attributes(request, number, Some(file.content.len())));
            }
            None if number == ROOT => reply.attr(&KEPT, &attributes(request, ROOT, None)),
            None => reply.error(NO_SUCH_FILE),
        }
    }

    fn setattr(
        &mut self,
        request: &Request<'_>,
        number: u64,
        _mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        size: Option<u64>,
        _atime: Option<TimeOrNow>,
        _mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        _handle: Option<u64>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<u32>,
        reply: ReplyAttr,
    ) {
        let mut files = self.lock();
        let Some(file) = files.contents.get_mut(&number) else {
            return reply.attr(&KEPT, &attributes(request, number, None));
        };
        if let Some(size) = size {
            file.resize(usize::try_from(size).unwrap_or(usize::MAX));
        }
        reply.attr(&KEPT, &attributes(request, number, Some(file.content.len())));
    }

    fn read(
        &mut self,
        _: &Request<'_>,
        number: u64,
        _handle: u64,
        offset: i64,
        size: u32,
        _flags: i32,
        _owner: Option<u64>,
        reply: ReplyData,
    ) {
        let files = self.lock();
        let Some(file) = files.contents.get(&number) else { return reply.error(NO_SUCH_FILE) };
        let from = place(offset).min(file.content.len());
        let to = (from + size as usize).min(file.content.len());
        reply.data(&file.content[from..to]);
    }

    fn write(
        &mut self,
        _: &Request<'_>,
        number: u64,
        _handle: u64,
        offset: i64,
        data: &[u8],
        _write_flags: u32,
        _flags: i32,
        _owner: Option<u64>,
        reply: ReplyWrite,
    ) {
        let mut files = self.lock();
        let Some(file) = files.contents.get_mut(&number) else { return reply.error(NO_SUCH_FILE) };
        file.write(place(offset), data);
        reply.written(u32::try_from(data.len()).unwrap_or(u32::MAX));
    }

    fn create(
        &mut self,
        request: &Request<'_>,
        _parent: u64,
        name: &OsStr,
        _mode: u32,
        _umask: u32,
        _flags: i32,
        reply: ReplyCreate,
    ) {
        let mut files = self.lock();
        let number = files.contents.last_key_value().map_or(ROOT, |(last, _)| *last) + 1;
        files.names.insert(name.to_owned(), number);
        files.contents.insert(number, File::default());
        reply.created(&KEPT, &attributes(request, number, Some(0)), 0, 0, 0);
    }

    fn unlink(&mut self, _: &Request<'_>, _parent: u64, name: &OsStr, reply: ReplyEmpty) {
        // Its content stays for those who have it open.
        match self.lock().names.remove(name) {
            Some(_) => reply.ok(),
            None => reply.error(NO_SUCH_FILE),
        }
    }

    fn fsync(&mut self, _: &Request<'_>, number: u64, _: u64, _datasync: bool, reply: ReplyEmpty) {
        let mut files = self.lock();
        if files.cut {
            return reply.error(Errno::IO.raw_os_error());
        }
        let Some(file) = files.contents.get_mut(&number) else { return reply.error(NO_SUCH_FILE) };
        file.flush();
        reply.ok();
    }

    fn fsyncdir(&mut self, _: &Request<'_>, _: u64, _: u64, _datasync: bool, reply: ReplyEmpty) {
        reply.ok();
    }

    fn readdir(
        &mut self,
        _: &Request<'_>,
        _number: u64,
        _handle: u64,
        offset: i64,
        mut reply: ReplyDirectory,
    ) {
        let files = self.lock();
        for (index, (name, number)) in files.names.iter().enumerate().skip(place(offset)) {
            let next = i64::try_from(index).unwrap_or(i64::MAX) + 1;
            if reply.add(*number, next, FileType::RegularFile, name) {
                break;
            }
        }
        reply.ok();
    }
}
