//! Concurrent tasks on one directory, and tasks that are dropped.

use std::collections::HashSet;
use std::io;
use std::time::{Duration, SystemTime};

use driver::host::{Generation, Host as _, HostError, Kind, NewObject, Which};

use crate::support::web::{host, names, object, open_dir, read};
use crate::support::{node, uuid};

#[tokio::test]
async fn a_dropped_publish_leaves_nothing() {
    let dir = open_dir();
    let host = host(dir.path());
    let (started, has_started) = tokio::sync::oneshot::channel();
    let mut started = Some(started);
    let object = NewObject::new(Kind::BootIso, u64::from(u32::MAX), move |out| {
        let _ = started.take().map(|started| started.send(()));
        loop {
            out.write_all(&[0; 512])?;
            std::thread::sleep(Duration::from_millis(1));
        }
        #[allow(unreachable_code)]
        Ok::<(), io::Error>(())
    });
    {
        let node = node(1);
        let publishing = host.publish(&node, object);
        tokio::pin!(publishing);
        tokio::select! {
            done = &mut publishing => panic!("{done:?}"),
            _ = has_started => {}
        }
        assert_eq!(names(dir.path()).len(), 1);
    }
    for _ in 0..500 {
        if names(dir.path()).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("left over: {:?}", names(dir.path()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publish_that_is_dropped_at_any_moment_leaves_the_image_or_nothing() {
    let dir = open_dir();
    let host = host(dir.path());
    let mut kept = HashSet::new();
    for n in 0..300u64 {
        let node = node(1);
        let publishing = host.publish(&node, object(Kind::Floppy, [7; 4096]));
        if let Ok(done) = tokio::time::timeout(Duration::from_micros(n * 20), publishing).await {
            kept.insert(done.unwrap().name.to_string());
        }
    }
    for _ in 0..500 {
        if names(dir.path()).len() <= kept.len() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(names(dir.path()).into_iter().collect::<HashSet<_>>(), kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_tasks_for_many_nodes_and_for_one_node_publish_at_once() {
    let dir = open_dir();
    let host = host(dir.path());
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..200u32 {
        // Every tenth task works on node 0.
        let (host, node) = (host.clone(), node(if n % 10 == 0 { 0 } else { n }));
        tasks.spawn(async move {
            let bytes = vec![n as u8; 1440 * 1024];
            (
                n,
                host.publish(&node, object(Kind::Floppy, bytes))
                    .await
                    .unwrap()
                    .name,
            )
        });
    }
    let done = tasks.join_all().await;
    let distinct: HashSet<_> = done.iter().map(|(_, name)| name.to_string()).collect();
    assert_eq!(distinct.len(), 200);
    assert_eq!(
        names(dir.path()).into_iter().collect::<HashSet<_>>(),
        distinct
    );
    for (n, name) in &done {
        assert_eq!(
            read(dir.path(), name),
            vec![*n as u8; 1440 * 1024],
            "{name}"
        );
    }
    assert_eq!(host.list(uuid(0)).await.unwrap().len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_one_of_many_tasks_publishes_under_one_name() {
    let dir = open_dir();
    for round in 0..20 {
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..16u8 {
            // Each task has its own host, as different conductors do.
            let (host, generation) = (
                host(dir.path()),
                format!("g{round}").parse::<Generation>().unwrap(),
            );
            let object = object(Kind::BootIso, vec![n; 100_000]).generation(generation);
            tasks.spawn(async move { (n, host.publish(&node(1), object).await) });
        }
        let mut won = Vec::new();
        for (n, done) in tasks.join_all().await {
            match done {
                Ok(published) => won.push((n, published.name)),
                Err(HostError::AlreadyPublished { .. }) => {}
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(won.len(), 1);
        assert_eq!(read(dir.path(), &won[0].1), vec![won[0].0; 100_000]);
    }
    assert_eq!(names(dir.path()).len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_withdrawing_and_sweeping_may_overlap() {
    let dir = open_dir();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..8u32 {
        let host = host(dir.path());
        tasks.spawn(async move {
            for _ in 0..200 {
                let name = host
                    .publish(&node(n), object(Kind::Floppy, [1; 20_000]))
                    .await
                    .unwrap()
                    .name;
                assert_eq!(host.list(uuid(n)).await.unwrap()[0].size, 20_000);
                assert_eq!(host.unpublish(uuid(n), Which::All).await.unwrap(), [name]);
            }
        });
    }
    let sweeper = host(dir.path());
    tasks.spawn(async move {
        for _ in 0..200 {
            let swept = sweeper
                .sweep((0..8).map(uuid).collect(), SystemTime::now())
                .await
                .unwrap();
            assert_eq!(swept.images, []);
        }
    });
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(names(dir.path()), [""; 0]);
}
