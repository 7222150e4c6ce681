use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use proof::base64url;

use crate::limits::KEY_FILE_BYTES_MAX;
use crate::plain;
use crate::{DataKey, KeyError, KeyStore, Scope, aead};

const CONTEXT: &str = "interlock.key.v1";
/// What the sealing key's file begins with.
const SEALING: &str = "interlock.sealing.v1";
/// The file that becomes the next key, written and synced beforehand so that its room is taken.
const NEXT: &str = "next";
/// What the name of a key that is kept ahead begins with; the name of its scope follows.
const AHEAD: &str = "ahead.";
/// Bytes of a wrapped key: version, nonce, key, tag.
const WRAPPED_BYTES: usize = 1 + 24 + 32 + 16;

/// Data keys in a folder, one file each, wrapped under one sealing key that lies elsewhere.
///
/// Who reads both the sealing key and the folder reads all that is sealed. Destroying overwrites
/// the file, syncs, removes it, and syncs the folder; a disk that writes elsewhere (flash, copy on
/// write) and every copy made before may still hold the wrapped key.
pub struct FileKeys {
    folder: PathBuf,
    origin: String,
    sealing: DataKey,
    /// What the next key needs, open: once its execution is decided to begin, no descriptor is to
    /// be had for it.
    room: Mutex<Option<KeysFolder>>,
}

/// The folder of keys, and the file that becomes the next one, where it is there.
struct KeysFolder {
    folder: File,
    next: Option<File>,
}

impl KeysFolder {
    /// Whether the file that becomes the next key is the one at this path, and has its length.
    fn has_next(&self, path: &Path) -> bool {
        let identity = |found: &fs::Metadata| (found.dev(), found.ino(), found.len());
        let held = self.next.as_ref().and_then(|next| next.metadata().ok());
        let named = fs::metadata(path).ok();
        held.zip(named).is_some_and(|(held, named)| {
            held.len() == WRAPPED_BYTES as u64 && identity(&held) == identity(&named)
        })
    }
}

impl FileKeys {
    /// Makes the sealing key's file, the folder, and the node's own key.
    ///
    /// # Errors
    /// When one of them is there already or cannot be made.
    pub fn create(sealing: &Path, folder: &Path, origin: &str) -> Result<Self, KeyError> {
        let failed = |why: io::Error| KeyError::store(sealing, &why);
        let key = DataKey::fresh()?;
        let text = format!("{SEALING} {origin} {}\n", base64url::encode(key.bytes()));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(sealing);
        let file = file.as_mut().map_err(|why| KeyError::store(sealing, &*why))?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        sealing.parent().map_or(Ok(()), sync_folder).map_err(failed)?;
        let made = DirBuilder::new().mode(0o700).create(folder);
        made.map_err(|why| KeyError::store(folder, &why))?;
        let keys = Self::of(folder, origin, key);
        keys.wrap(&Scope::Node, &DataKey::fresh()?)?;
        Ok(keys)
    }

    /// Opens the store of the log of this origin.
    ///
    /// # Errors
    /// When the sealing key or the folder is missing, loose, or another log's.
    pub fn open(sealing: &Path, folder: &Path, origin: &str) -> Result<Self, KeyError> {
        check_private(folder)?;
        let text = read(sealing)?.ok_or_else(|| KeyError::store(sealing, &"it is missing"))?;
        let text = String::from_utf8(text.to_vec()).unwrap_or_default();
        let text = zeroize::Zeroizing::new(text);
        let mut words = text.trim_end().split(' ');
        let malformed = || KeyError::damaged(sealing, &"it is no sealing key");
        if words.next() != Some(SEALING) {
            return Err(malformed());
        }
        if words.next() != Some(origin) {
            return Err(KeyError::damaged(sealing, &"it is another log's"));
        }
        let key = words.next().and_then(|word| base64url::decode(word).ok());
        let key = key.and_then(|bytes| DataKey::from_slice(&bytes)).ok_or_else(malformed)?;
        Ok(Self::of(folder, origin, key))
    }

    fn of(folder: &Path, origin: &str, sealing: DataKey) -> Self {
        let (folder, origin) = (folder.to_owned(), origin.to_owned());
        Self { folder, origin, sealing, room: Mutex::default() }
    }

    fn path(&self, scope: &Scope) -> Result<PathBuf, KeyError> {
        let name = scope.name().ok_or_else(|| {
            KeyError::other(&format!("an execution of this id can have no key: {scope:?}"))
        })?;
        Ok(self.folder.join(name))
    }

    /// Where a key lies that is kept ahead.
    fn ahead_path(&self, scope: &Scope) -> Result<PathBuf, KeyError> {
        let path = self.path(scope)?;
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        Ok(self.folder.join(format!("{AHEAD}{name}")))
    }

    /// The file that becomes the next key: made where it is not there, and synced with its name.
    fn open_next(&self, folder: &File) -> io::Result<File> {
        let path = self.folder.join(NEXT);
        if fs::metadata(&path).is_ok_and(|found| found.len() == WRAPPED_BYTES as u64) {
            return plain::open_with(&path, OpenOptions::new().write(true));
        }
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = plain::open_with(&path, &mut options)?;
        file.write_all(&[0; WRAPPED_BYTES])?;
        file.sync_all()?;
        folder.sync_all()?;
        Ok(file)
    }

    /// The names of what lies in the folder.
    fn names(&self) -> Result<Vec<String>, KeyError> {
        let failed = |why: io::Error| KeyError::store(&self.folder, &why);
        let entries = fs::read_dir(&self.folder).map_err(failed)?;
        let names = entries.map(|entry| entry.map(|entry| entry.file_name().into_string().ok()));
        let names: io::Result<Vec<_>> = names.collect();
        Ok(names.map_err(failed)?.into_iter().flatten().collect())
    }

    /// Overwrites a key's file and removes it. False where there was none.
    fn destroy_file(&self, path: &Path) -> Result<bool, KeyError> {
        let failed = |why: io::Error| KeyError::store(path, &why);
        let file = match plain::open_with(path, OpenOptions::new().write(true)) {
            Ok(file) => file,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(why) => return Err(failed(why)),
        };
        file.write_all_at(&[0; WRAPPED_BYTES], 0)
            .and_then(|()| file.sync_data())
            .map_err(failed)?;
        fs::remove_file(path).and_then(|()| sync_folder(&self.folder)).map_err(failed)?;
        Ok(true)
    }

    /// Opens what the next key needs, unless it is open.
    fn open_room(&self, room: &mut Option<KeysFolder>) -> io::Result<()> {
        if room.as_ref().is_some_and(|room| room.has_next(&self.folder.join(NEXT))) {
            return Ok(());
        }
        let folder = match room.take() {
            Some(room) => room.folder,
            None => File::open(&self.folder)?,
        };
        let next = self.open_next(&folder);
        let (next, failed) = match next {
            Ok(next) => (Some(next), None),
            Err(why) => (None, Some(why)),
        };
        *room = Some(KeysFolder { folder, next });
        failed.map_or(Ok(()), Err)
    }

    fn bound_to(&self, scope: &Scope) -> Vec<u8> {
        let name = scope.name().unwrap_or_default();
        format!("{CONTEXT}\n{name}\n{}", self.origin).into_bytes()
    }
}

impl KeyStore for FileKeys {
    fn wrap(&self, scope: &Scope, key: &DataKey) -> Result<(), KeyError> {
        let path = self.path(scope)?;
        let failed = |why: io::Error| KeyError::store(&path, &why);
        if path.try_exists().map_err(failed)? {
            return Err(KeyError::store(&path, &"it is there already"));
        }
        let wrapped = aead::seal(&self.sealing, &self.bound_to(scope), key.bytes())?;
        let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        self.open_room(&mut room).map_err(failed)?;
        let lost = || KeyError::store(&path, &"there is no file for it");
        let KeysFolder { folder, next } = room.as_mut().ok_or_else(lost)?;
        let file = next.take().ok_or_else(lost)?;
        file.write_all_at(&wrapped, 0).and_then(|()| file.sync_data()).map_err(failed)?;
        fs::rename(self.folder.join(NEXT), &path).map_err(failed)?;
        folder.sync_all().map_err(failed)?;
        drop(file);
        // Room for the one after it while there is some. Where there is none, the caller that needs
        // it gets an error.
        let _room = self.open_room(&mut room);
        Ok(())
    }

    fn wrap_ahead(&self, scope: &Scope, key: &DataKey) -> Result<(), KeyError> {
        let path = self.ahead_path(scope)?;
        let failed = |why: io::Error| KeyError::store(&path, &why);
        let wrapped = aead::seal(&self.sealing, &self.bound_to(scope), key.bytes())?;
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(&path);
        let file = file.as_mut().map_err(|why| KeyError::store(&path, &*why))?;
        let written = file.write_all(&wrapped).and_then(|()| file.sync_all());
        let kept = written.and_then(|()| sync_folder(&self.folder));
        if kept.is_err() {
            let _left_for_the_next_start = fs::remove_file(&path);
        }
        kept.map_err(failed)
    }

    fn take_up(&self, scope: &Scope) -> Result<(), KeyError> {
        let (ahead, path) = (self.ahead_path(scope)?, self.path(scope)?);
        let failed = |why: io::Error| KeyError::store(&path, &why);
        if path.try_exists().map_err(failed)? {
            return Err(KeyError::store(&path, &"it is there already"));
        }
        fs::rename(&ahead, &path).map_err(failed)
    }

    fn settle_ahead(&self, has_begun: &dyn Fn(&str) -> bool) -> Result<(), KeyError> {
        let names = self.names()?;
        let ahead: Vec<_> = names.iter().filter_map(|name| name.strip_prefix(AHEAD)).collect();
        for name in &ahead {
            let path = self.folder.join(format!("{AHEAD}{name}"));
            let settled = match Scope::parse(name) {
                Some(Scope::Execution(id)) if has_begun(&id) => {
                    let begun = self.folder.join(name);
                    if begun.exists() {
                        self.destroy_file(&path)?;
                        continue;
                    }
                    fs::rename(&path, begun)
                }
                // Nothing was ever sealed under it.
                _ => fs::remove_file(&path),
            };
            let gone = |why: &io::Error| why.kind() == io::ErrorKind::NotFound;
            settled
                .or_else(|why| if gone(&why) { Ok(()) } else { Err(why) })
                .map_err(|why| KeyError::store(&path, &why))?;
        }
        match ahead.is_empty() {
            true => Ok(()),
            false => sync_folder(&self.folder).map_err(|why| KeyError::store(&self.folder, &why)),
        }
    }

    fn unwrap(&self, scope: &Scope) -> Result<Option<DataKey>, KeyError> {
        let Some(name) = scope.name() else { return Ok(None) };
        let (path, ahead) = (self.folder.join(name), self.ahead_path(scope)?);
        let wrapped = read(&path)?.map_or_else(|| read(&ahead), |wrapped| Ok(Some(wrapped)))?;
        let Some(wrapped) = wrapped else { return Ok(None) };
        // Overwritten, and not removed before the power went: destroyed as far as anybody can tell.
        if wrapped.as_slice() == [0; WRAPPED_BYTES] {
            return Ok(None);
        }
        let key = aead::open(&self.sealing, &self.bound_to(scope), &wrapped)
            .and_then(|bytes| DataKey::from_slice(&zeroize::Zeroizing::new(bytes)));
        let why = "it is damaged, another execution's, or of another sealing key";
        key.map(Some).ok_or_else(|| KeyError::damaged(&path, &why))
    }

    fn destroy(&self, scope: &Scope) -> Result<bool, KeyError> {
        let was_begun = self.destroy_file(&self.path(scope)?)?;
        let was_ahead = self.destroy_file(&self.ahead_path(scope)?)?;
        Ok(was_begun || was_ahead)
    }

    fn list(&self) -> Result<Vec<Scope>, KeyError> {
        let mut scopes: Vec<_> =
            self.names()?.iter().filter_map(|name| Scope::parse(name)).collect();
        scopes.sort();
        Ok(scopes)
    }

    fn make_room(&self) -> Result<(), KeyError> {
        let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = |why: io::Error| KeyError::room(&self.folder.join(NEXT), &why);
        self.open_room(&mut room).map_err(failed)
    }
}

/// A small file that its owner alone can reach. None where it is not there.
fn read(path: &Path) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>, KeyError> {
    let failed = |why: io::Error| KeyError::store(path, &why);
    let file = match plain::open(path) {
        Ok(file) => file,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(failed(why)),
    };
    check_private(path)?;
    let mut bytes = zeroize::Zeroizing::new(Vec::new());
    file.take(KEY_FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(failed)?;
    Ok(Some(bytes))
}

fn check_private(path: &Path) -> Result<(), KeyError> {
    let found = fs::metadata(path).map_err(|why| KeyError::store(path, &why))?;
    let mode = found.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let why = format!("others can reach it (mode {:o}): run `chmod go=` on it", mode & 0o777);
    Err(KeyError::store(path, &why))
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests;
