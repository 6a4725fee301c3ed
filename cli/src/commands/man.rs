//! `uptrakit man FOLDER`: writes the manual pages, made from the same help texts that `--help` prints.

use crate::{
    args::Arguments,
    failure::{Failure, described},
};
use clap::CommandFactory;
use std::{fs, path::Path};

pub fn run(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Arguments::command(), folder)).map_err(|error| {
        Failure::failed(format!("could not write the manual pages into {}", folder.display()))
            .caused_by(described(&error))
    })
}
