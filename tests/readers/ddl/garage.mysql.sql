-- MySQL dump 10.13
/*!40101 SET NAMES utf8mb4 */;
USE `garage`;
DROP TABLE IF EXISTS `cars`;
CREATE TABLE `cars` (
  `id` int unsigned NOT NULL AUTO_INCREMENT COMMENT 'it''s a number; really',
  `plate` varchar(12) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL,
  `kind` enum('saloon','estate','van') DEFAULT 'saloon',
  `extras` set('radio','hook') DEFAULT NULL,
  `is_electric` tinyint(1) NOT NULL DEFAULT '0',
  `built` year NOT NULL,
  `seats` tinyint NOT NULL,
  `owner_id` int unsigned DEFAULT NULL,
  `changed` timestamp NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  `label` varchar(40) GENERATED ALWAYS AS (concat(`plate`,' ',`kind`)) STORED,
  PRIMARY KEY (`id`),
  UNIQUE KEY `plate` (`plate`(10)),
  KEY `owner` (`owner_id`),
  CONSTRAINT `cars_owner` FOREIGN KEY (`owner_id`) REFERENCES `owners` (`id`) ON DELETE SET NULL,
  CONSTRAINT `seats` CHECK (`seats` between 1 and 9)
) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COMMENT='What we look after';
CREATE TABLE `owners` (`id` int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, `name` varchar(80) NOT NULL);
CREATE TABLE `car_tags` (
  `car_id` int unsigned NOT NULL,
  `tag_id` tinyint unsigned NOT NULL,
  PRIMARY KEY (`car_id`,`tag_id`),
  FOREIGN KEY (`car_id`) REFERENCES `cars` (`id`),
  FOREIGN KEY (`tag_id`) REFERENCES `tags` (`id`)
);
CREATE TABLE `tags` (`id` tinyint unsigned NOT NULL AUTO_INCREMENT, `word` varchar(20) NOT NULL UNIQUE, PRIMARY KEY (`id`));
INSERT INTO `tags` VALUES (1,'it\'s; red'),(2,'old');
DELIMITER ;;
CREATE TRIGGER `watch` BEFORE INSERT ON `cars` FOR EACH ROW BEGIN
  IF NEW.seats > 5 THEN SET NEW.kind = 'van'; END IF;
END ;;
DELIMITER ;
CREATE TABLE `last_one` (`a` bigint NOT NULL, `b` point NOT NULL);
