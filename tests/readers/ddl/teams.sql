CREATE TABLE tenants (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE teams (tenant_id bigint NOT NULL REFERENCES tenants, id bigint NOT NULL, name text NOT NULL, PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, name));
CREATE TABLE members (tenant_id bigint NOT NULL, team_id bigint NOT NULL, id bigint NOT NULL, email text NOT NULL, PRIMARY KEY (tenant_id, team_id, id), FOREIGN KEY (tenant_id, team_id) REFERENCES teams (tenant_id, id), UNIQUE (tenant_id, email));
CREATE TABLE tasks (tenant_id bigint NOT NULL, team_id bigint NOT NULL, id bigint NOT NULL, owner_id bigint, reviewer_id bigint NOT NULL, title varchar(80) NOT NULL,
 PRIMARY KEY (tenant_id, team_id, id),
 FOREIGN KEY (tenant_id, team_id) REFERENCES teams (tenant_id, id),
 CONSTRAINT tasks_owner FOREIGN KEY (tenant_id, team_id, owner_id) REFERENCES members (tenant_id, team_id, id),
 CONSTRAINT tasks_reviewer FOREIGN KEY (tenant_id, team_id, reviewer_id) REFERENCES members (tenant_id, team_id, id));
CREATE TABLE labels (tenant_id bigint NOT NULL REFERENCES tenants, id bigint NOT NULL, word text NOT NULL, PRIMARY KEY (tenant_id, id));
CREATE TABLE task_labels (tenant_id bigint NOT NULL, team_id bigint NOT NULL, task_id bigint NOT NULL, label_id bigint NOT NULL, PRIMARY KEY (tenant_id, team_id, task_id, label_id),
 FOREIGN KEY (tenant_id, team_id, task_id) REFERENCES tasks (tenant_id, team_id, id),
 FOREIGN KEY (tenant_id, label_id) REFERENCES labels (tenant_id, id));
CREATE TABLE comments (id bigserial PRIMARY KEY, tenant_id bigint NOT NULL, team_id bigint NOT NULL, task_id bigint NOT NULL, author_id bigint NOT NULL, body text NOT NULL, parent_id bigint REFERENCES comments,
 FOREIGN KEY (tenant_id, team_id, task_id) REFERENCES tasks, FOREIGN KEY (tenant_id, team_id, author_id) REFERENCES members);
