-- Keys that share a column: all rows of one organisation refer to rows of the same one.
CREATE TABLE organisations (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE users (
    organisation_id int NOT NULL REFERENCES organisations,
    id int NOT NULL,
    manager_id int,
    email text NOT NULL,
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, email),
    FOREIGN KEY (organisation_id, manager_id) REFERENCES users (organisation_id, id)
);
CREATE TABLE projects (
    organisation_id int NOT NULL REFERENCES organisations,
    id int NOT NULL,
    owner_id int NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, owner_id) REFERENCES users (organisation_id, id)
);
CREATE TABLE labels (
    organisation_id int NOT NULL REFERENCES organisations,
    id int NOT NULL,
    name varchar(30) NOT NULL,
    PRIMARY KEY (organisation_id, id)
);
CREATE TABLE tasks (
    organisation_id int NOT NULL,
    id int NOT NULL,
    project_id int NOT NULL,
    assignee_id int,
    reporter_id int NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisations,
    FOREIGN KEY (organisation_id, project_id) REFERENCES projects,
    FOREIGN KEY (organisation_id, assignee_id) REFERENCES users,
    FOREIGN KEY (organisation_id, reporter_id) REFERENCES users
);
CREATE TABLE task_labels (
    organisation_id int NOT NULL,
    task_id int NOT NULL,
    label_id int NOT NULL,
    PRIMARY KEY (organisation_id, task_id, label_id),
    FOREIGN KEY (organisation_id, task_id) REFERENCES tasks,
    FOREIGN KEY (organisation_id, label_id) REFERENCES labels
);
CREATE TABLE audit (
    id bigserial PRIMARY KEY,
    organisation_id int REFERENCES organisations,
    user_id int,
    project_id int,
    FOREIGN KEY (organisation_id, user_id) REFERENCES users,
    FOREIGN KEY (organisation_id, project_id) REFERENCES projects
);
CREATE TABLE accounts (id int PRIMARY KEY);
CREATE TABLE follows (
    follower_id int NOT NULL,
    followee_id int NOT NULL,
    PRIMARY KEY (follower_id, followee_id),
    CHECK (follower_id <> followee_id),
    FOREIGN KEY (follower_id) REFERENCES accounts (id),
    FOREIGN KEY (followee_id) REFERENCES accounts (id)
);
